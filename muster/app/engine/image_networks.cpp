#include "muster/app/engine/image_networks.h"

#include "muster/app/engine/word_meaning.h"

namespace muster {

ImageNetwork image_network(const std::string& word) {
  using enum ImageNetwork;
  return meaning_of<ImageNetwork>({{"mlp", mlp},
                                   {"resnet8", resnet8},
                                   {"resnet20", resnet20},
                                   {"resnet56", resnet56},
                                   {"resnet18", resnet18},
                                   {"resnet50", resnet50},
                                   {"resnet101", resnet101},
                                   {"resnet152", resnet152},
                                   {"vgg16", vgg16},
                                   {"vgg16_bn", vgg16_bn},
                                   {"googlenet", googlenet},
                                   {"alexnet", alexnet},
                                   {"vit_s", vit_s},
                                   {"vit_b", vit_b},
                                   {"vgg16_cifar", vgg16_cifar},
                                   {"vgg16_bn_cifar", vgg16_bn_cifar},
                                   {"googlenet_cifar", googlenet_cifar}},
                                  word);
}

ImageModelOptions image_model_options(const TaskSection& task, const ImageSection& image) {
  ImageModelOptions model;
  model.network = image_network(*task.model);
  model.norm = meaning_of<NormKind>({{"batch", NormKind::batch}, {"group", NormKind::group}}, task.norm);
  model.hidden = task.hidden;
  model.activation =
      meaning_of<Activation>({{"relu", Activation::relu}, {"silu", Activation::silu}}, image.activation);
  model.pooling =
      meaning_of<Pooling>({{"max", Pooling::maximum}, {"average", Pooling::average}}, image.pooling);
  model.patch = image.patch.value_or(0);
  return model;
}

}  // namespace muster
