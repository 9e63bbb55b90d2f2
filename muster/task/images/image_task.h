#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/images/augmentation.h"
#include "muster/task/images/images.h"
#include "muster/task/models/image_model.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/task.h"

namespace muster::inline task {

struct ImageTaskOptions {
  ImageModelOptions model;  ///< classes and image size are taken from the images
  AugmentationOptions augmentation;
  double label_noise = 0;  ///< probability of a wrong label, drawn anew for every use
  double mixup = 0;        ///< alpha of MixUp; 0: none
  NnOptions training;      ///< how the network is trained; its seed is also that of the augmentation
  void validate() const;
};

/// Classification of images held in memory.
class ImageTask final : public Task {
 public:
  /// Throws OptionError; DataError when training and test images do not fit together or a set is empty.
  ImageTask(std::string name, ImageSets images, const ImageTaskOptions& options);

  std::string name() const override { return name_; }
  std::unique_ptr<Model> make_model() const override;
  int64_t train_size() const override { return images_.train.size(); }
  int64_t test_size() const override { return images_.test.size(); }
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override;
  Batch test_batch(int64_t first, int64_t count) const override;
  int64_t activation_bytes(int64_t batch) const override;
  std::map<std::string, std::string> content() const override;
  std::vector<std::string> introduction() const override;
  std::vector<int64_t> train_classes() const override { return images_.train.labels; }

 private:
  std::string name_;
  ImageSets images_;
  ImageTaskOptions options_;
};

}  // namespace muster::inline task
