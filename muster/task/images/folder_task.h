#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/images/file_marks.h"
#include "muster/task/images/image_folder.h"
#include "muster/task/images/image_reader.h"
#include "muster/task/models/image_model.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/task.h"

namespace muster::inline task {

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

/// Classification of images in folders, decoded anew for every use. Training images are a function of (seed,
/// epoch, sample).
///
/// A file that cannot be read or decoded is a FileError or DataError that names it, or with `skip_broken` it
/// is left out and counted: in a batch of training its place is taken by the next whole image of the same
/// batch (cyclically), or where there is none by the next of the folder, with that one's label, so that
/// batches keep their size; in testing the batch is smaller, and may be empty. A folder without a whole image
/// is a DataError.
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
  std::map<std::string, std::string> content() const override;
  std::vector<std::string> introduction() const override;
  int64_t skipped_samples() const override {
    return train_marks_.broken_files() + test_marks_.broken_files();
  }
  std::vector<std::string> findings() const override;

 private:
  Batch empty_batch(const ImageFolder& folder, std::span<const int64_t> samples) const;
  std::span<float> place_of(Batch& batch, int64_t row) const;
  /// False: the file is broken, and the sample is to be left out. `read` returns oddities.
  template <class Read>
  bool read_one(FileMarks& marks, int64_t sample, const Read& read) const;
  bool read_for_training(ImageReader& reader, int64_t sample, int64_t epoch, std::span<float> output) const;
  /// Row 0 <- the first whole training image behind `sample`, cyclically.
  void fill_with_next(ImageReader& reader, int64_t sample, int64_t epoch, Batch& batch) const;

  ImageFolders folders_;
  FolderTaskOptions options_;
  mutable FileMarks train_marks_, test_marks_;
};

}  // namespace muster::inline task
