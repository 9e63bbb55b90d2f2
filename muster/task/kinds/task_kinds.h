#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "muster/choice/family.h"
#include "muster/task/kinds/inputs.h"

namespace muster::inline engine {
struct TaskRequest;  // muster/engine/build_task.h
}  // namespace muster::inline engine

namespace muster::inline task {

class Task;

using MakeTask = std::function<std::unique_ptr<Task>(const TaskRequest&)>;

/// Data to train on, as a user chooses them by name. No torch here; muster/engine/makers.h adds `make`.
struct TaskKind : Kind {
  Inputs inputs = Inputs::images;
  std::string model;                 ///< the usual one
  bool made = false;                 ///< by the program, from a seed
  std::string data;                  ///< "its file": what task.data names, of data that are not made
  std::string instead;               ///< of made data: the task that reads task.data instead
  bool test_data = true;             ///< test_data may be given, of data that are not made
  bool decoded_when_wanted = false;  ///< images of any size, which need one, and a thread that decodes them
  bool tokenized = false;            ///< a text that a tokenizer turns into tokens
  bool needs_vocabulary = false;     ///< the number of tokens must be given
  std::optional<int64_t> samples, test_samples;  ///< of made data, where nothing else is said
  std::optional<int64_t> usual_samples;          ///< for training; of data sets with one common form
  MakeTask make;

  explicit TaskKind(std::string word) { name = std::move(word); }
  bool is_text() const { return inputs == Inputs::text; }
};

/// All of them, in the order of help and documents: task.name.
Family<TaskKind> built_in_tasks();

}  // namespace muster::inline task
