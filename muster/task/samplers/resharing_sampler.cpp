#include "muster/task/samplers/resharing_sampler.h"

#include <string>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

/// An epoch that no run reaches: no share of a real epoch has its order.
constexpr int64_t far_epoch = int64_t{1} << 24;

}  // namespace

ResharingSampler::ResharingSampler(Make make, int64_t processes, int64_t share, int64_t hosted)
    : make_(std::move(make)), hosted_(hosted) {
  stretches_.push_back({0, 0, processes, share});
  prepare(processes);
}

// Makes the sampler beforehand, as samples() runs on several threads.
void ResharingSampler::prepare(int64_t processes) {
  auto& sampler = samplers_[processes];
  if (!sampler) sampler = make_(processes * hosted_);
}

const Sampler& ResharingSampler::sampler(int64_t processes) const { return *samplers_.at(processes); }

int64_t ResharingSampler::steps_per_epoch() const {
  return sampler(stretches_.front().processes).steps_per_epoch();
}

const ResharingSampler::Stretch& ResharingSampler::at(int64_t step) const {
  size_t last = 0;
  while (last + 1 < stretches_.size() && stretches_[last + 1].first_step <= step) ++last;
  return stretches_[last];
}

ResharingSampler::Spot ResharingSampler::spot(int64_t step, int64_t worker) const {
  const Stretch& stretch = at(step);
  const Sampler& dealt = sampler(stretch.processes);
  const bool spare = stretch.share >= stretch.processes;
  const int64_t epoch = stretch.epoch + (spare ? far_epoch + stretch.share / stretch.processes : 0);
  return {dealt, epoch * dealt.steps_per_epoch() + step - stretch.first_step,
          stretch.share % stretch.processes * hosted_ + worker % hosted_};
}

std::vector<int64_t> ResharingSampler::samples(int64_t step, int64_t worker) const {
  const Spot place = spot(step, worker);
  return place.sampler.samples(place.step, place.worker);
}

int64_t ResharingSampler::pass(int64_t step, int64_t worker) const {
  const Spot place = spot(step, worker);
  return place.sampler.pass(place.step, place.worker);
}

int64_t ResharingSampler::share_at(int64_t step) const { return at(step).share; }

void ResharingSampler::take_share(int64_t step, int64_t share) {
  const auto& present = at(step);
  stretches_[static_cast<size_t>(&present - stretches_.data())].share = share;
}

void ResharingSampler::reshare(int64_t step, int64_t processes, int64_t share) {
  while (stretches_.back().first_step > step) stretches_.pop_back();
  const Stretch& present = stretches_.back();
  const int64_t length = sampler(present.processes).steps_per_epoch();
  const int64_t epochs = (step - present.first_step + length - 1) / length;
  const Stretch next{present.first_step + epochs * length, present.epoch + epochs, processes, share};
  if (next.first_step == present.first_step) stretches_.pop_back();
  prepare(processes);
  stretches_.push_back(next);
}

Numbers ResharingSampler::state() const {
  Numbers numbers;
  numbers.set("count", static_cast<int64_t>(stretches_.size()));
  for (size_t i = 0; i < stretches_.size(); ++i) {
    const std::string name = std::to_string(i) + ".";
    numbers.set(name + "first_step", stretches_[i].first_step);
    numbers.set(name + "epoch", stretches_[i].epoch);
    numbers.set(name + "processes", stretches_[i].processes);
  }
  return numbers;
}

void ResharingSampler::restore(const Numbers& state, int64_t share) {
  std::vector<Stretch> stretches;
  const int64_t count = state.integer("count");
  for (int64_t i = 0; i < count; ++i) {
    const std::string name = std::to_string(i) + ".";
    stretches.push_back({state.integer(name + "first_step"), state.integer(name + "epoch"),
                         state.integer(name + "processes"), share});
    if (stretches.back().processes < 1)
      throw CheckpointError("the state of the sampler has a share of no processes");
    prepare(stretches.back().processes);
  }
  if (stretches.empty()) throw CheckpointError("the state of the sampler is empty");
  stretches_ = std::move(stretches);
}

}  // namespace muster::inline task
