#include "muster/rounds/whole_meetings.h"

#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline rounds {

MeetingRequest WholeMeetings::request(const std::vector<double>& losses, bool plain) {
  Vector& anchor = parts_.anchor;
  if (!plain && !scratch_.defined()) scratch_ = flat_vector(anchor.size(), anchor.type());
  MeetingRequest request;
  Averaged& parameters = request.vectors.emplace_back();
  for (MeetingWorker& worker : parts_.workers) parameters.replicas.push_back(worker.parameters);
  parameters.mean = !plain ? &scratch_ : anchor.defined() ? &anchor : nullptr;
  parameters.write_back = plain;
  parameters.anchor = anchor;
  parameters.outer_gradient = !plain;
  request.number = static_cast<uint64_t>(end_);
  request.compress = true;
  if (options_.at_meeting == MomentsAtMeeting::average)
    for (size_t kind = 0; kind < parts_.workers[0].optimizer->moments().size(); ++kind) {
      Averaged& moments = request.vectors.emplace_back();
      for (MeetingWorker& worker : parts_.workers)
        moments.replicas.push_back(worker.optimizer->moments()[kind]);
    }
  request.values = losses;
  // In a group of one the divergence comes out of the pass that averages; elsewhere it costs another.
  request.measure_divergence = options_.measure_divergence || parts_.averager.group().size() == 1;
  return request;
}

Meeting WholeMeetings::end_round(const std::vector<double>& losses, double clock) {
  const bool plain = parts_.outer.is_plain_mean();
  MeetingRequest what = request(losses, plain);
  what.clock = clock;
  const Meeting meeting = parts_.averager.meet(what, deadline_in(options_.deadline));
  if (!plain) {
    parts_.outer.step(parts_.anchor, scratch_, parts_.learning_rate.at(end_ - 1));
    std::vector<Vector> parameters;
    for (MeetingWorker& worker : parts_.workers) parameters.push_back(worker.parameters);
    copy_to_all(parts_.anchor, parameters, parts_.averager.pool());
  }
  if (options_.at_meeting == MomentsAtMeeting::reset)
    for (MeetingWorker& worker : parts_.workers) worker.optimizer->reset();
  return meeting;
}

}  // namespace muster::inline rounds
