#include "muster/app/engine/build_task.h"

#include "muster/app/engine/build_image_task.h"
#include "muster/app/engine/build_text_task.h"
#include "muster/app/model_names.h"

namespace muster {

NnOptions nn_options(const Configuration& configuration) {
  return {.seed = static_cast<uint64_t>(configuration.run.seed),
          .bf16 = configuration.run.precision == "bf16",
          .micro_batches = configuration.run.micro_batches,
          .label_smoothing = configuration.task.label_smoothing};
}

std::unique_ptr<Task> build_task(const Configuration& configuration) {
  if (is_text_model(*configuration.task.model)) return build_text_task(configuration);
  return build_image_task(configuration);
}

}  // namespace muster
