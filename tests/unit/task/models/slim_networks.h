#pragma once

#include "muster/task/models/alexnet.h"
#include "muster/task/models/googlenet.h"
#include "muster/task/models/resnet_imagenet.h"
#include "muster/task/models/vgg.h"
#include "muster/task/models/vit.h"

/// The image networks, deep as the real ones but slim.
namespace muster::test::slim {

inline constexpr int64_t classes = 5;

inline constexpr ImageNetResNetShape basic{{1, 2, 1, 1}, false, NormKind::batch, 3, classes, 4};
inline constexpr ImageNetResNetShape bottleneck{{2, 2, 1, 1}, true, NormKind::batch, 3, classes, 4};
inline constexpr ImageNetResNetShape grouped{{1, 1, 1, 1}, true, NormKind::group, 3, classes, 4};
inline constexpr VggShape vgg{.classes = classes, .channel_divisor = 8, .units = 16};
inline constexpr VggShape vgg_bn{.batch_norm = true, .classes = classes, .channel_divisor = 8, .units = 16};
inline constexpr VggShape vgg_cifar{.for_cifar = true, .classes = classes, .channel_divisor = 8};
inline constexpr VggShape vgg_silu{.for_cifar = true,
                                   .activation = Activation::silu,
                                   .pooling = Pooling::average,
                                   .classes = classes,
                                   .channel_divisor = 8};
inline constexpr VggShape vgg_bn_silu{.batch_norm = true,
                                      .for_cifar = true,
                                      .activation = Activation::silu,
                                      .pooling = Pooling::average,
                                      .classes = classes,
                                      .channel_divisor = 8};
inline constexpr GoogLeNetShape googlenet{false, 3, classes, 4};
inline constexpr GoogLeNetShape googlenet_cifar{true, 3, classes, 4};
inline constexpr AlexNetShape alexnet{3, classes, 4, 16};
inline constexpr VitShape vit{.width = 64,
                              .depth = 3,
                              .heads = 2,
                              .head_width = 32,
                              .hidden = 256,
                              .patch = 8,
                              .height = 64,
                              .image_width = 64,
                              .classes = classes};

}  // namespace muster::test::slim
