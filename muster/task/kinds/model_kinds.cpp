#include "muster/task/kinds/model_kinds.h"

namespace muster::inline task {

namespace {

using enum ImageNetwork;

constexpr const char* resnet_paper = "He, Zhang, Ren, Sun, CVPR 2016";
constexpr const char* small_resnet_paper = "He, Zhang, Ren, Sun, CVPR 2016, section 4.2";
constexpr const char* vgg_paper = "Simonyan, Zisserman, ICLR 2015";
constexpr const char* vgg_bn_paper = "Simonyan, Zisserman, ICLR 2015, with BatchNorm";
constexpr const char* googlenet_paper = "Szegedy et al., CVPR 2015";
constexpr const char* gpt_sizes_paper = "Liu et al., Asynchronous Local-SGD, 2024";

ModelKind of_images(const char* name, ImageNetwork network, const char* files, const char* paper,
                    int64_t side, int64_t classes) {
  ModelKind kind(name, paper);
  kind.files = files;
  kind.network = network;
  kind.side = side;
  kind.classes = classes;
  return kind;
}

ModelKind small(const char* name, ImageNetwork network, const char* files, const char* paper) {
  return of_images(name, network, files, paper, 32, 10);
}
ModelKind large(const char* name, ImageNetwork network, const char* files, const char* paper) {
  return of_images(name, network, files, paper, 224, 1000);
}

ModelKind multilayer_perceptron() {
  ModelKind kind = small("mlp", mlp, "mlp", "as task.hidden says");
  kind.takes_vectors = kind.built_from_keys = true;
  return kind;
}

ModelKind of_text(const char* name, const char* paper) {
  ModelKind kind(name, paper);
  kind.files = "gpt, gpt_module, attention";
  kind.inputs = Inputs::text;
  return kind;
}

ModelKind gpt() {
  ModelKind kind = of_text("gpt", "Radford et al., 2019; as gpt.* says");
  kind.built_from_keys = true;
  return kind;
}

}  // namespace

Family<ModelKind> built_in_models() {
  return {{.section = "task",
           .key = "model",
           .usual = "",
           .meaning = "The network; muster models lists them with their parameters.",
           .when_absent = "the usual one of the data"},
          {multilayer_perceptron(),
           small("resnet8", resnet8, "resnet", small_resnet_paper),
           small("resnet20", resnet20, "resnet", small_resnet_paper),
           small("resnet56", resnet56, "resnet", small_resnet_paper),
           large("resnet18", resnet18, "resnet_imagenet", resnet_paper),
           large("resnet50", resnet50, "resnet_imagenet", resnet_paper),
           large("resnet101", resnet101, "resnet_imagenet", resnet_paper),
           large("resnet152", resnet152, "resnet_imagenet", resnet_paper),
           large("vgg16", vgg16, "vgg", vgg_paper),
           large("vgg16_bn", vgg16_bn, "vgg", vgg_bn_paper),
           large("googlenet", googlenet, "googlenet", googlenet_paper),
           large("alexnet", alexnet, "alexnet", "Krizhevsky, One weird trick, 2014"),
           large("vit_s", vit_s, "vit", "Touvron et al., ICML 2021, in the form of vit_b"),
           large("vit_b", vit_b, "vit", "Beyer, Zhai, Kolesnikov, Better plain ViT, 2022"),
           small("vgg16_cifar", vgg16_cifar, "vgg", vgg_paper),
           small("vgg16_bn_cifar", vgg16_bn_cifar, "vgg", vgg_bn_paper),
           small("googlenet_cifar", googlenet_cifar, "googlenet", googlenet_paper),
           gpt(),
           of_text("gpt_20m", gpt_sizes_paper),
           of_text("gpt_60m", gpt_sizes_paper),
           of_text("gpt_150m", gpt_sizes_paper)}};
}

}  // namespace muster::inline task
