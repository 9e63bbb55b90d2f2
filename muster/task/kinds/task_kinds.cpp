#include "muster/task/kinds/task_kinds.h"

namespace muster::inline task {

namespace {

TaskKind generated() {
  TaskKind kind("generated");
  kind.about = "images made by a formula";
  kind.model = "resnet8";
  kind.made = true;
  kind.instead = "cifar10 or folder";
  kind.samples = 5000;
  kind.test_samples = 1000;
  return kind;
}

TaskKind cifar10() {
  TaskKind kind("cifar10");
  kind.about = "CIFAR's binary files";
  kind.paper = "Krizhevsky, Learning multiple layers of features from tiny images, 2009";
  kind.model = "resnet8";
  kind.data = "the folder of its binary files";
  kind.test_data = false;
  kind.usual_samples = 50'000;
  return kind;
}

TaskKind folder() {
  TaskKind kind("folder");
  kind.about = "a folder of images by class";
  kind.model = "resnet8";
  kind.data = "the folder that holds train/ and val/";
  kind.decoded_when_wanted = true;
  return kind;
}

TaskKind clusters() {
  TaskKind kind("clusters");
  kind.about = "Gaussian clusters";
  kind.inputs = Inputs::vectors;
  kind.model = "mlp";
  kind.made = true;
  kind.instead = "cifar10 or folder";
  kind.samples = kind.test_samples = 4096;
  return kind;
}

TaskKind text_task(const char* name, const char* about) {
  TaskKind kind(name);
  kind.about = about;
  kind.inputs = Inputs::text;
  kind.model = "gpt";
  kind.data = "its file";
  return kind;
}

}  // namespace

Family<TaskKind> built_in_tasks() {
  TaskKind markov = text_task("markov", "text made by a Markov chain");
  markov.made = true;
  markov.instead = "text";
  TaskKind text = text_task("text", "a text file");
  text.tokenized = true;
  TaskKind tokens = text_task("tokens", "a binary file of tokens");
  tokens.needs_vocabulary = true;
  return {{.section = "task",
           .key = "name",
           .usual = "generated",
           .meaning =
               "The data: images made by a formula, or CIFAR's binary files, or a folder of images by class; "
               "Gaussian clusters; text made by a Markov chain, a text file, or a binary file of tokens."},
          {generated(), cifar10(), folder(), clusters(), markov, text, tokens}};
}

}  // namespace muster::inline task
