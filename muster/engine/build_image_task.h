#pragma once

#include <memory>

#include "muster/task/task.h"

namespace muster::inline engine {

struct TaskRequest;

// The makers of tasks of images: made by a formula, CIFAR's files, a folder of images by class. Each throws
// OptionError, FileError, DataError.
std::unique_ptr<Task> make_generated_task(const TaskRequest& request);
std::unique_ptr<Task> make_cifar_task(const TaskRequest& request);
std::unique_ptr<Task> make_folder_task(const TaskRequest& request);

}  // namespace muster::inline engine
