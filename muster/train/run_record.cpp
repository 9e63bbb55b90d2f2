#include "muster/train/run_record.h"

#include <initializer_list>
#include <utility>

namespace muster::inline train {

namespace {

// The plain fields by name, once for both directions.
template <class Record, class Visit>
void visit_reals(Record& record, const Visit& visit) {
  visit("last_epoch_loss_sum", record.last_epoch_loss_sum);
  visit("seconds_compute", record.seconds.compute);
  visit("seconds_waiting", record.seconds.waiting);
  visit("seconds_averaging", record.seconds.averaging);
  visit("seconds_data", record.seconds.data);
  visit("seconds_evaluation", record.evaluation_seconds);
  visit("round_seconds_compute", record.round_seconds.compute);
  visit("round_seconds_waiting", record.round_seconds.waiting);
  visit("round_seconds_averaging", record.round_seconds.averaging);
  visit("round_seconds_data", record.round_seconds.data);
  visit("round_seconds_evaluation", record.round_evaluation_seconds);
  visit("seconds_checkpoint", record.checkpoint_seconds);
  visit("seconds_total", record.total_seconds);
}

template <class Record, class Visit>
void visit_integers(Record& record, const Visit& visit) {
  visit("rounds", record.rounds);
  visit("bytes_per_worker", record.bytes_per_worker);
  visit("inner_bytes_per_worker", record.inner_bytes_per_worker);
  visit("last_epoch_steps", record.last_epoch_steps);
  visit("metrics_bytes", record.metrics_bytes);
}

}  // namespace

void RunRecord::add(const Progress& progress, int64_t last_epoch_from) {
  seconds.add(progress.seconds);
  round_seconds.add(progress.seconds);
  int64_t step = progress.step - progress.steps;
  for (const double loss :
       progress.losses) {  // one by one, so that the sum does not depend on how steps were grouped
    if (step++ < last_epoch_from) continue;
    last_epoch_loss_sum += loss;
    ++last_epoch_steps;
  }
  if (!progress.round) return;
  ++rounds;
  bytes_per_worker += progress.round->bytes_per_worker;
  inner_bytes_per_worker += progress.round->inner_bytes_per_worker;
  last_divergence = progress.round->divergence;
}

Numbers RunRecord::state() const {
  Numbers numbers;
  const auto save = [&](const char* name, auto value) { numbers.set(name, value); };
  visit_reals(*this, save);
  visit_integers(*this, save);
  if (last_divergence) numbers.set("last_divergence", *last_divergence);
  if (evaluated) {
    numbers.set("evaluated_step", evaluated->step);
    numbers.set("evaluated_loss", evaluated->loss);
    numbers.set("evaluated_accuracy", evaluated->accuracy);
  }
  return numbers;
}

void RunRecord::restore(const Numbers& numbers) {
  visit_reals(*this, [&](const char* name, double& value) { value = numbers.real(name); });
  visit_integers(*this, [&](const char* name, int64_t& value) { value = numbers.integer(name); });
  last_divergence.reset();
  if (numbers.has("last_divergence")) last_divergence = numbers.real("last_divergence");
  evaluated.reset();
  if (numbers.has("evaluated_step"))
    evaluated = Evaluated{numbers.integer("evaluated_step"), numbers.real("evaluated_loss"),
                          numbers.real("evaluated_accuracy")};
}

}  // namespace muster::inline train
