#pragma once

#include <cstdint>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

enum class Theory { stich, haddadpour, khaled, growing, woodworth, koloskova };

struct TheoryPeriodOptions {
  Theory theory = Theory::stich;  ///< schedule.theory
  int64_t workers = 1;            ///< run.workers, K
  int64_t batch = 1;              ///< task.batch, b per worker
  double condition_number =
      1;  ///< schedule.condition_number, kappa = L / mu >= 1 of the problem, if known;
          ///< all but stich and haddadpour use it; the default gives the longest periods
  void validate() const;
};

/// The longest period that a convergence theorem allows at the rate 1 / (K T) on strongly convex problems,
/// all workers drawing from the same data; T = total_steps, constants and logarithms left out. Exact
/// integers, at least 1:
///
///     stich       floor(sqrt(T / (K b)))            Stich, ICLR 2019
///     haddadpour  floor(T^(2/3) / K^(1/3))          Haddadpour et al., NeurIPS 2019 (PL condition)
///     khaled      floor(T / (kappa K))              Khaled, Mishchenko, Richtarik, AISTATS 2020
///     woodworth   floor(T / (kappa K))              Woodworth et al., ICML 2020
///     koloskova   floor(T / (kappa K))              Koloskova et al., ICML 2020
///     growing     meetings after floor(T r (r + 1) / (R (R + 1))) steps, r = 1 ... R, R = ceil(kappa K)
///                                                   Spiridonoff, Olshevsky, Paschalidis, 2020
///
/// The others have one period for the whole run; `growing` lengthens it in proportion to time. Where R
/// exceeds what T steps can hold, several of its meetings fall on one step and count once.
class TheoryPeriod : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit TheoryPeriod(TheoryPeriodOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  TheoryPeriodOptions options_;
};

/// The single periods for a run of total_steps >= 1; khaled's is also that of woodworth and koloskova.
int64_t stich_period(int64_t total_steps, int64_t workers, int64_t batch);
int64_t haddadpour_period(int64_t total_steps, int64_t workers);
int64_t khaled_period(int64_t total_steps, int64_t workers, double condition_number);

}  // namespace muster::inline schedule
