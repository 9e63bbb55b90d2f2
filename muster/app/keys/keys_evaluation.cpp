#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key evaluation(const char* name, T EvaluationSection::*member) {
  return make_key(std::string("evaluation.") + name, &Configuration::evaluation, member);
}

template <class T>
Key checkpoint(const char* name, T CheckpointSection::*member) {
  return make_key(std::string("checkpoint.") + name, &Configuration::checkpoint, member);
}

}  // namespace

std::vector<Key> evaluation_keys() {
  return {
      evaluation("every", &EvaluationSection::every)
          .says("How often the averaged model is evaluated on the test data; 0: only at the end.")
          .in("steps")
          .absent("one epoch; asynchronous runs: a tenth of the run")
          .at_least(0),
      evaluation("between_meetings", &EvaluationSection::between_meetings)
          .says("Evaluate when it is due, also inside a round (with a temporary mean, which changes "
                "nothing); false: at the next meeting."),
      evaluation("batch", &EvaluationSection::batch)
          .says("Test samples in a batch of the evaluation.")
          .in("samples")
          .at_least(1)
          .at_most(1e6),
      evaluation("statistics_batches", &EvaluationSection::statistics_batches)
          .says("Training batches, over all workers, from which BatchNorm's statistics are estimated again "
                "before each "
                "evaluation.")
          .in("batches")
          .at_least(1)
          .at_most(1e6),
  };
}

std::vector<Key> checkpoint_keys() {
  return {
      checkpoint("every", &CheckpointSection::every)
          .says(
              "How often a checkpoint is written, also inside a round; 0: only when the run is interrupted.")
          .in("steps")
          .at_least(0),
      checkpoint("keep", &CheckpointSection::keep)
          .says("Newest checkpoints that are kept.")
          .in("checkpoints")
          .at_least(1)
          .at_most(1e6),
  };
}

}  // namespace muster::inline app
