#include "muster/app/model_names.h"

namespace muster {

std::vector<std::string> model_names() {
  return {"mlp",       "resnet8",   "resnet20",    "resnet56",       "resnet18",        "resnet50",
          "resnet101", "resnet152", "vgg16",       "vgg16_bn",       "googlenet",       "alexnet",
          "vit_s",     "vit_b",     "vgg16_cifar", "vgg16_bn_cifar", "googlenet_cifar", "gpt",
          "gpt_20m",   "gpt_60m",   "gpt_150m"};
}

bool is_text_model(const std::string& name) { return name.starts_with("gpt"); }

}  // namespace muster
