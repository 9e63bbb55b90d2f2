#include "muster/app/model_names.h"

namespace muster {

namespace {

constexpr std::string_view resnet = "He, Zhang, Ren, Sun, CVPR 2016";
constexpr std::string_view vgg = "Simonyan, Zisserman, ICLR 2015";
constexpr std::string_view vgg_bn = "Simonyan, Zisserman, ICLR 2015, with BatchNorm";
constexpr std::string_view gpt_sizes = "Liu et al., Asynchronous Local-SGD, 2024";

}  // namespace

const std::vector<ModelCard>& model_cards() {
  static const std::vector<ModelCard> cards = {
      {"mlp", 32, 10, "as task.hidden says"},
      {"resnet8", 32, 10, "He, Zhang, Ren, Sun, CVPR 2016, section 4.2"},
      {"resnet20", 32, 10, "He, Zhang, Ren, Sun, CVPR 2016, section 4.2"},
      {"resnet56", 32, 10, "He, Zhang, Ren, Sun, CVPR 2016, section 4.2"},
      {"resnet18", 224, 1000, resnet},
      {"resnet50", 224, 1000, resnet},
      {"resnet101", 224, 1000, resnet},
      {"resnet152", 224, 1000, resnet},
      {"vgg16", 224, 1000, vgg},
      {"vgg16_bn", 224, 1000, vgg_bn},
      {"googlenet", 224, 1000, "Szegedy et al., CVPR 2015"},
      {"alexnet", 224, 1000, "Krizhevsky, One weird trick, 2014"},
      {"vit_s", 224, 1000, "Touvron et al., ICML 2021, in the form of vit_b"},
      {"vit_b", 224, 1000, "Beyer, Zhai, Kolesnikov, Better plain ViT, 2022"},
      {"vgg16_cifar", 32, 10, vgg},
      {"vgg16_bn_cifar", 32, 10, vgg_bn},
      {"googlenet_cifar", 32, 10, "Szegedy et al., CVPR 2015"},
      {"gpt", 0, 0, "Radford et al., 2019; as gpt.* says"},
      {"gpt_20m", 0, 0, gpt_sizes},
      {"gpt_60m", 0, 0, gpt_sizes},
      {"gpt_150m", 0, 0, gpt_sizes},
  };
  return cards;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelCard& card : model_cards()) names.emplace_back(card.name);
  return names;
}

bool is_text_task(const std::string& name) { return name == "markov" || name == "text" || name == "tokens"; }

bool is_made_task(const std::string& name) {
  return name == "generated" || name == "markov" || name == "clusters";
}

bool is_text_model(const std::string& name) { return name.starts_with("gpt"); }

}  // namespace muster
