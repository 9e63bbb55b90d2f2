#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/task/image_folder.h"
#include "muster/task/image_model.h"
#include "muster/task/image_reader.h"
#include "muster/task/nn_model.h"
#include "muster/task/task.h"

namespace muster {

struct FolderTaskOptions {
  ImageModelOptions model;    ///< classes and image size are set by the task
  ImageReaderOptions reader;  ///< the size of the model's input, and the augmentation
  double label_noise = 0;     ///< probability of a wrong label, drawn anew for every use
  double mixup = 0;           ///< alpha of MixUp; 0: none
  bool skip_broken = false;
  NnOptions training;  ///< how the network is trained; its seed is also that of the augmentation
  /// Throws OptionError.
  void validate() const;
};

/// Classification of images in folders, decoded anew whenever they are wanted. Training images are a function
/// of (seed, epoch, sample).
///
/// A file that cannot be decoded is a DataError that names it, or with `skip_broken` it is left out: in a
/// batch of training its place is taken by the next whole image of the same batch (cyclically), with that
/// one's label, so that batches keep their size; in testing the batch is smaller. A batch of which no image
/// can be decoded is an error all the same, and so is a file that cannot be read.
class FolderTask final : public Task {
 public:
  /// Throws OptionError.
  FolderTask(ImageFolders folders, const FolderTaskOptions& options);

  std::string name() const override { return "folder"; }
  std::unique_ptr<Model> make_model() const override;
  int64_t train_size() const override { return folders_.train.size(); }
  int64_t test_size() const override { return folders_.test.size(); }
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override;
  Batch test_batch(int64_t first, int64_t count) const override;
  int64_t activation_bytes(int64_t batch) const override;
  std::vector<int64_t> train_classes() const override;
  std::vector<std::string> class_names() const override { return folders_.train.classes; }
  int64_t skipped_samples() const override;
  std::vector<std::string> skipped_files() const override;

 private:
  /// Which files of a folder were found broken. Safe for several threads.
  using Marks = std::vector<std::atomic<bool>>;
  struct Place {
    const ImageFolder& folder;
    Marks& broken;
  };
  Batch empty_batch(const ImageFolder& folder, std::span<const int64_t> samples) const;
  template <class Read>
  std::vector<bool> read_all(const Place& place, std::span<const int64_t> samples, Batch& batch,
                             const Read& read) const;
  /// `read`, or what is to be done where the file is broken; false: leave the sample out.
  template <class Read>
  bool read_one(const Place& place, int64_t sample, const Read& read) const;

  ImageFolders folders_;
  FolderTaskOptions options_;
  mutable Marks broken_train_, broken_test_;
};

}  // namespace muster
