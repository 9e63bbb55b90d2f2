#include "muster/task/images/folder_task.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/task/images/data_digest.h"
#include "muster/task/images/label_noise.h"
#include "muster/task/images/mixup.h"

namespace muster::inline task {

namespace {

/// The place of every wanted sample: its own, or the next (cyclically) that is whole.
std::vector<size_t> next_whole(const std::vector<bool>& whole) {
  std::vector<size_t> next(whole.size());
  size_t after = std::find(whole.begin(), whole.end(), true) - whole.begin();
  for (size_t i = whole.size(); i-- > 0;) {
    if (whole[i]) after = i;
    next[i] = after;
  }
  return next;
}

}  // namespace

void FolderTaskOptions::validate() const {
  if (reader.size < 8 || reader.size > 4096)
    throw OptionError("image.size", std::to_string(reader.size), "must be 8 to 4096 pixels");
  reader.rand_augment.validate();
  validate_label_noise(label_noise);
  validate_mixup(mixup);
  training.validate();
  model.validate();
}

FolderTask::FolderTask(ImageFolders folders, const FolderTaskOptions& options)
    : folders_(std::move(folders)),
      options_(options),
      train_marks_(folders_.train.files.size()),
      test_marks_(folders_.test.files.size()) {
  options_.model.classes = static_cast<int64_t>(folders_.train.classes.size());
  options_.model.channels = 3;
  options_.model.height = options_.model.width = options_.reader.size;
  options_.validate();
}

std::unique_ptr<Model> FolderTask::make_model() const {
  return make_image_model(options_.model, options_.training);
}

int64_t FolderTask::activation_bytes(int64_t batch) const {
  return muster::activation_bytes(options_.model, batch);
}

std::vector<int64_t> FolderTask::train_classes() const {
  std::vector<int64_t> labels;
  for (const auto& file : folders_.train.files) labels.push_back(file.label);
  return labels;
}

Batch FolderTask::empty_batch(const ImageFolder& folder, std::span<const int64_t> samples) const {
  const auto count = static_cast<int64_t>(samples.size());
  const int64_t size = options_.reader.size;
  Batch batch{at::empty({count, 3, size, size}, at::kFloat), at::empty({count}, at::kLong)};
  auto* const targets = batch.targets.data_ptr<int64_t>();
  for (size_t i = 0; i < samples.size(); ++i) {
    invariant(samples[i] >= 0 && samples[i] < folder.size(), "a sample index lies outside the data");
    targets[i] = folder.files[static_cast<size_t>(samples[i])].label;
  }
  return batch;
}

std::span<float> FolderTask::place_of(Batch& batch, int64_t row) const {
  const int64_t pixels = 3 * options_.reader.size * options_.reader.size;
  return {batch.inputs.data_ptr<float>() + row * pixels, static_cast<size_t>(pixels)};
}

template <class Read>
bool FolderTask::read_one(FileMarks& marks, int64_t sample, const Read& read) const {
  if (marks.is_broken(sample)) return false;
  const char* const cure = "; replace or remove it, or use --image.broken skip to leave such files out";
  try {
    marks.note(sample, read());
    return true;
  } catch (const DataError& error) {
    if (!options_.skip_broken) throw DataError(error.what() + std::string(cure));
    marks.set_broken(sample, error.what());
  } catch (const FileError& error) {
    if (!options_.skip_broken) throw FileError(error.what() + std::string(cure));
    marks.set_broken(sample, error.what());
  }
  return false;
}

bool FolderTask::read_for_training(ImageReader& reader, int64_t sample, int64_t epoch,
                                   std::span<float> output) const {
  return read_one(train_marks_, sample, [&] {
    const RandomKey key{options_.training.seed, Purpose::augmentation, static_cast<uint64_t>(epoch),
                        static_cast<uint64_t>(sample)};
    return reader.read_for_training(folders_.train.path_of(sample), RandomStream(key), output);
  });
}

void FolderTask::fill_with_next(ImageReader& reader, int64_t sample, int64_t epoch, Batch& batch) const {
  for (int64_t i = 1; i < train_size(); ++i) {
    const int64_t other = (sample + i) % train_size();
    if (!read_for_training(reader, other, epoch, place_of(batch, 0))) continue;
    batch.targets.data_ptr<int64_t>()[0] = folders_.train.files[static_cast<size_t>(other)].label;
    return;
  }
  throw DataError(fmt::format("none of the {} images of '{}' can be read; the first: {}", train_size(),
                              folders_.train.path, train_marks_.reasons().at(0)));
}

Batch FolderTask::train_batch(std::span<const int64_t> samples, int64_t epoch) const {
  Batch batch = empty_batch(folders_.train, samples);
  if (samples.empty()) return batch;
  ImageReader reader(options_.reader);
  std::vector<bool> whole(samples.size());
  for (size_t i = 0; i < samples.size(); ++i)
    whole[i] = read_for_training(reader, samples[i], epoch, place_of(batch, static_cast<int64_t>(i)));
  if (std::none_of(whole.begin(), whole.end(), [](bool one) { return one; })) {
    fill_with_next(reader, samples[0], epoch, batch);
    whole[0] = true;
  }
  const std::vector<size_t> next = next_whole(whole);
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i] == i) continue;
    const auto to = static_cast<int64_t>(i), from = static_cast<int64_t>(next[i]);
    batch.inputs.select(0, to).copy_(batch.inputs.select(0, from));
    batch.targets.select(0, to).copy_(batch.targets.select(0, from));
  }
  disturb_labels(batch, samples, options_.model.classes, options_.label_noise, options_.training.seed, epoch);
  mix_up(batch, options_.model.classes, options_.mixup, options_.training.seed, epoch, samples[0]);
  return batch;
}

Batch FolderTask::test_batch(int64_t first, int64_t count) const {
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), first);
  Batch batch = empty_batch(folders_.test, samples);
  ImageReader reader(options_.reader);
  std::vector<int64_t> kept;
  for (int64_t row = 0; row < count; ++row)
    if (read_one(test_marks_, first + row, [&] {
          return reader.read_for_testing(folders_.test.path_of(first + row), place_of(batch, row));
        }))
      kept.push_back(row);
  if (static_cast<int64_t>(kept.size()) == count) return batch;
  const at::Tensor rows = at::tensor(kept, at::kLong);
  return {batch.inputs.index_select(0, rows), batch.targets.index_select(0, rows)};
}

std::map<std::string, std::string> FolderTask::content() const {
  return {{"training", digest_of(folders_.train)}, {"test", digest_of(folders_.test)}};
}

std::vector<std::string> FolderTask::introduction() const {
  return {introduction_of(folders_.train, "training"), introduction_of(folders_.test, "test")};
}

std::vector<std::string> FolderTask::findings() const {
  constexpr size_t most_named = 20;
  std::vector<std::string> reasons = train_marks_.reasons(), lines;
  for (std::string& reason : test_marks_.reasons()) reasons.push_back(std::move(reason));
  for (size_t i = 0; i < std::min(reasons.size(), most_named); ++i)
    lines.push_back("left out: " + reasons[i]);
  if (reasons.size() > most_named)
    lines.push_back(fmt::format("left out: {} more files", reasons.size() - most_named));
  const int64_t surplus = train_marks_.files_with_surplus_bytes() + test_marks_.files_with_surplus_bytes();
  const int64_t turned = train_marks_.turned_files() + test_marks_.turned_files();
  if (surplus > 0)
    lines.push_back(fmt::format("JPEG files with surplus bytes, which were read without them: {}", surplus));
  if (turned > 0)
    lines.push_back(fmt::format(
        "images whose EXIF data ask for a rotation, which is not applied (nor by ImageFolder): {}", turned));
  return lines;
}

}  // namespace muster::inline task
