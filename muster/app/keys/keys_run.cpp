#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key run(const char* name, T RunSection::*member) {
  return make_key(std::string("run.") + name, &Configuration::run, member);
}

// Keys that observe a run and change nothing in it.
std::vector<Key> watching_keys() {
  return {
      run("verify", &RunSection::verify)
          .says("Compare anchor, workers and outer optimizer of all processes bit by bit after meetings, and "
                "stop at "
                "a difference, naming the layer."),
      run("verify_every", &RunSection::verify_every)
          .says("How often run.verify compares.")
          .in("meetings")
          .at_least(1),
      run("probe", &RunSection::probe)
          .says(
              "What to measure between rounds, separated by semicolons: sharpness (largest eigenvalue and "
              "trace of the Hessian), noise (of the gradient), workers (distances and directions), distance "
              "(from the start); each with every=ROUNDS, samples=N, products=N, vectors=N, such as "
              "\"sharpness:every=10;distance:every=1\". Changes no bit of the result.")
          .absent("nothing"),
  };
}

}  // namespace

std::vector<Key> run_keys() {
  std::vector<Key> keys = {
      run("steps", &RunSection::steps)
          .says("Length of the run: local steps of every worker (asynchronous runs: of all together).")
          .in("steps")
          .absent("as run.epochs says")
          .at_least(1),
      run("epochs", &RunSection::epochs)
          .says("Length of the run in passes over the training data, instead of run.steps.")
          .in("epochs")
          .absent("10, unless run.steps is given")
          .at_least(1)
          .at_most(1e9),
      run("workers", &RunSection::workers)
          .says("Copies of the model that train alone between meetings, in the whole run. May exceed the "
                "cores.")
          .absent("one per core; muster simulate: as many as async.seconds_per_step names")
          .at_least(1)
          .at_most(65536),
      run("threads", &RunSection::threads)
          .says("Threads that the workers share. Changes no bit of the result.")
          .absent("one per core, at most one per worker")
          .at_least(1)
          .at_most(4096),
      run("seed", &RunSection::seed)
          .says("Seed of the initial weights, of the order of the data, of augmentation and, unless "
                "task.data_seed is given, of data that are made.")
          .at_least(0),
      run("out", &RunSection::out)
          .says("Folder for the run's files. One that is not empty is refused unless run.resume is given.")
          .absent("a new folder runs/1, runs/2, ..."),
      run("resume", &RunSection::resume)
          .says("Resume from the newest checkpoint in run.out; without one, start from the beginning."),
      run("start_from", &RunSection::start_from)
          .says("A model whose weights the run starts from: a safetensors file, or a folder with one (also "
                "of Hugging "
                "Face's GPT-2).")
          .absent("fresh weights"),
      run("start_from_optimizer", &RunSection::start_from_optimizer)
          .says("Also take the optimizer's state from the folder of run.start_from."),
      run("precision", &RunSection::precision)
          .says("Numbers of the forward and backward pass: fp32, or bf16 with fp32 master weights (the "
                "processor needs bf16 instructions).")
          .one_of({"fp32", "bf16"}),
      run("micro_batches", &RunSection::micro_batches)
          .says("Parts in which a step goes through its batch, one after the other, adding up gradients: "
                "less memory.")
          .in("parts")
          .at_least(1)
          .at_most(65536),
      run("loader_threads", &RunSection::loader_threads)
          .says("Threads that make batches ahead of the workers. Changes no bit of the result.")
          .absent("1 for image folders, else 0: every worker makes its own, as always in asynchronous runs")
          .at_least(0)
          .at_most(1024),
  };
  std::vector<Key> watching = watching_keys();
  std::move(watching.begin(), watching.end(), std::back_inserter(keys));
  return keys;
}

}  // namespace muster::inline app
