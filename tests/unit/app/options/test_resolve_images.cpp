#include <gtest/gtest.h>

#include "muster/app/commands/commands.h"
#include "muster/app/options/resolve.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

Configuration read(const std::vector<std::string>& words) {
  return read_train_request(catalogue, words).configuration;
}

TEST(ResolveImages, FoldersGetASizeAndALoaderThread) {
  const Configuration folder = read({"--task.name", "folder", "--task.data", "d"});
  EXPECT_EQ(folder.image.size, 224);
  EXPECT_EQ(folder.run.loader_threads, 1);
  EXPECT_FALSE(known_samples(catalogue, folder));
  const Configuration said =
      read({"--task.name", "folder", "--task.data", "d", "--image.size", "64", "--loader_threads", "0"});
  EXPECT_EQ(said.image.size, 64);
  EXPECT_EQ(said.run.loader_threads, 0);
}

TEST(ResolveImages, ImagesInMemoryKeepTheirSizeAndAreMadeByTheWorkers) {
  const Configuration made = read({"--randaugment", "2", "--mixup", "0.2", "--sampler", "dirichlet"});
  EXPECT_FALSE(made.image.size);
  EXPECT_EQ(made.run.loader_threads, 0);
  EXPECT_EQ(read({"--loader_threads", "3"}).run.loader_threads, 3);
}

}  // namespace
}  // namespace muster
