#include "muster/engine/image_networks.h"

#include "muster/app/keys/catalogue.h"
#include "muster/engine/word_meaning.h"

namespace muster::inline engine {

ImageModelOptions image_model_options(const Catalogue& catalogue, const TaskSection& task,
                                      const ImageSection& image) {
  const ModelKind& kind = catalogue.models().at(task.model);
  invariant(kind.network.has_value(), "a task of images with a network for text");
  ImageModelOptions model;
  model.network = *kind.network;
  model.norm = meaning_of<NormKind>({{"batch", NormKind::batch}, {"group", NormKind::group}}, task.norm);
  model.hidden = task.hidden;
  model.activation =
      meaning_of<Activation>({{"relu", Activation::relu}, {"silu", Activation::silu}}, image.activation);
  model.pooling =
      meaning_of<Pooling>({{"max", Pooling::maximum}, {"average", Pooling::average}}, image.pooling);
  model.patch = image.patch.value_or(0);
  return model;
}

}  // namespace muster::inline engine
