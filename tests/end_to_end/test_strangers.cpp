// Strangers at the port of a run's store: the run goes on as if they were not there, and a process that does
// not belong to it is refused and told why.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/stopwatch.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

using Words = std::vector<std::string>;

Words train(const std::string& out, const Words& more) {
  Words words = {"train",    "--task.model",
                 "mlp",      "--task.samples",
                 "512",      "--task.batch",
                 "4",        "--task.hidden",
                 "16",       "--rule",
                 "constant", "--base_period",
                 "4",        "--learning_rate.peak",
                 "0.01",     "--evaluation.every",
                 "100000",   "--run.out",
                 out};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words launch(const Words& flags, const Words& command) {
  Words words = {MUSTER_PROGRAM, "launch", "-n", "2"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.push_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

/// A connection to this machine's port; closed with its owner.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Connection(Connection&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  Connection& operator=(Connection&&) = delete;
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }

  bool connected() const { return connected_; }
  void say(const std::string& bytes) const {
    [[maybe_unused]] const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Whether the other side closes it, whatever it may say before.
  bool is_closed() const {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::recv(socket_, buffer, sizeof buffer, 0)) > 0) {
    }
    return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int socket_;
  bool connected_ = false;
};

std::string random_bytes(size_t count) {
  std::mt19937 random(7);
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(random()));
  return bytes;
}

const std::string half_a_message("\x40\0\0\0hel", 7);         // says 64 bytes, sends 3 of them
const std::string huge_length("\xff\xff\xff\x7f hello", 10);  // says 2 GiB

/// What strangers say; the last two say nothing, or not all of it, and stay.
std::vector<Connection> strangers_at(int port) {
  std::vector<Connection> connections;
  for (const std::string& text : {random_bytes(100000), std::string("GET / HTTP/1.1\r\nHost: here\r\n\r\n"),
                                  huge_length, half_a_message, half_a_message}) {
    connections.emplace_back(port);
    connections.back().say(text);
  }
  for (int i = 0; i < 20; ++i) connections.emplace_back(port);
  return connections;
}

int fresh_port() {
  static int next = 29100 + ::getpid() % 800;
  return next++;
}

double seconds_of_quiet_run(const std::string& out, const Words& length) {
  const Stopwatch watch;
  const Ended ended = test::run(launch({}, train(out, length)));
  EXPECT_EQ(ended.code, 0) << ended.err;
  return watch.seconds();
}

/// With strangers from before the ranks come to the store until the end.
double seconds_with_strangers(const std::string& out, const Words& length) {
  const int port = fresh_port();
  const Stopwatch watch;
  ChildProcess run(launch({"--port", std::to_string(port)}, train(out, length)));
  for (bool listens = false; !listens && watch.seconds() < 20;
       std::this_thread::sleep_for(std::chrono::milliseconds(5)))
    listens = Connection(port).connected();
  std::vector<std::vector<Connection>> all;
  all.push_back(strangers_at(port));
  while (!run.wait_for(0.5)) all.push_back(strangers_at(port));
  const double seconds = watch.seconds();
  const Ended ended = run.wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_GT(all.size(), 1U);
  for (const Connection& one : all.front()) EXPECT_TRUE(one.connected());
  return seconds;
}

// The machine may be busy with something else in one of two runs.
TEST(Strangers, ARunTakesNoLongerForThem) {
  const TemporaryFolder folder;
  const Words length = {"--run.steps", "800"};
  double more = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::string name = folder / ("run" + std::to_string(attempt));
    const double quiet = seconds_of_quiet_run(name + "-quiet", length);
    more = seconds_with_strangers(name, length) - quiet;
    if (more < 2) break;
  }
  EXPECT_LT(more, 2);
}

/// Variables of a process of the run in this folder that trains.
std::map<std::string, std::string> variables_of_rank(const std::string& out) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream command(entry.path() / "cmdline"), environment(entry.path() / "environ");
    std::stringstream words;
    words << command.rdbuf();
    if (words.str().find("muster-engine") == std::string::npos || words.str().find(out) == std::string::npos)
      continue;
    std::map<std::string, std::string> variables;
    for (std::string line; std::getline(environment, line, '\0');)
      variables[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    if (variables.contains("MUSTER_STORE")) return variables;
  }
  return {};
}

/// A run that trains for as long as the test needs it.
class RunningRun : public testing::Test {
 protected:
  void SetUp() override {
    run_ = std::make_unique<ChildProcess>(launch({}, train(folder_ / "run", {"--run.steps", "1000000"})));
    ASSERT_TRUE(run_->wait_to_say("step ", 60));
    variables_ = variables_of_rank(folder_ / "run");
    ASSERT_TRUE(variables_.contains("MUSTER_TOKEN"));
  }
  void TearDown() override {
    if (!run_) return;
    EXPECT_FALSE(run_->wait_for(0.2)) << "the run does not go on";
    run_->send(SIGTERM);
    const Ended ended = run_->wait();
    EXPECT_EQ(ended.code, 143);
    EXPECT_THAT(ended.err, Not(HasSubstr("is killed"))) << "it does not end in good order";
  }

  int store_port() const {
    const std::string& store = variables_.at("MUSTER_STORE");
    return std::stoi(store.substr(store.rfind(':') + 1));
  }

  /// A process that takes itself for rank 1 of the run.
  Ended stranger(const Words& more, const std::string& token) const {
    Words words = {"/usr/bin/env", "RANK=1", "WORLD_SIZE=2", "LOCAL_RANK=1", "LOCAL_WORLD_SIZE=2"};
    words.insert(words.end(), {"MUSTER_STORE=" + variables_.at("MUSTER_STORE"), "MUSTER_TOKEN=" + token});
    words.push_back(strangers_program_);
    const Words command = train(folder_ / "stranger", {"--run.steps", "1000000"});
    words.insert(words.end(), command.begin(), command.end());
    words.insert(words.end(), more.begin(), more.end());
    return test::run(words);
  }

  /// Seconds that a process of this program takes to begin to train.
  double seconds_to_start() {
    Words words = {MUSTER_PROGRAM};
    const Words command =
        train(folder_ / ("alone" + std::to_string(alone_++)), {"--run.steps", "1", "--run.workers", "1"});
    words.insert(words.end(), command.begin(), command.end());
    const Stopwatch watch;
    EXPECT_EQ(test::run(words).code, 0);
    return watch.seconds();
  }

  /// Refused within 2 s of having started, with these words. The machine may be busy at the first attempts.
  void expect_refusal(const Words& more, const std::string& token, const std::string& words) {
    double waited = 0;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const double start = seconds_to_start();
      const Stopwatch watch;
      const Ended ended = stranger(more, token);
      waited = watch.seconds() - start;
      EXPECT_EQ(ended.code, 2);
      EXPECT_THAT(ended.err, HasSubstr(words));
      if (waited < 2) break;
    }
    EXPECT_LT(waited, 2);
  }

  std::string token() const { return variables_.at("MUSTER_TOKEN"); }

  TemporaryFolder folder_;
  std::string strangers_program_ = MUSTER_PROGRAM;
  std::unique_ptr<ChildProcess> run_;
  std::map<std::string, std::string> variables_;
  int alone_ = 0;
};

TEST_F(RunningRun, RefusesAPeerOfAnotherConfiguration) {
  expect_refusal({"--run.seed", "7"}, token(), "run.seed is '1' there, '7' here");
}

TEST_F(RunningRun, RefusesAPeerOfAnotherModel) {
  expect_refusal({"--task.hidden", "17"}, token(), "model.parameters is '");
}

/// The program and its engine, where the engine says that its version is another one. Returns the program.
std::string program_of_another_version(const std::string& folder) {
  const std::filesystem::path program = MUSTER_PROGRAM, here = folder;
  std::filesystem::create_directories(here);
  std::filesystem::copy_file(program, here / "muster");
  std::ifstream file(program.parent_path() / "muster-engine", std::ios::binary);
  std::string engine((std::istreambuf_iterator<char>(file)), {});
  const std::string version = MUSTER_VERSION;
  size_t found = 0;
  for (size_t at = 0; (at = engine.find(version, at)) != std::string::npos; ++found)
    engine.replace(at, version.size(), std::string(version.size(), '9'));
  EXPECT_GT(found, 0U);
  std::ofstream(here / "muster-engine", std::ios::binary) << engine;
  std::filesystem::permissions(here / "muster-engine", std::filesystem::perms::owner_all);
  return here / "muster";
}

TEST_F(RunningRun, RefusesAPeerOfAnotherVersion) {
  strangers_program_ = program_of_another_version(folder_ / "other");
  expect_refusal({}, token(), "muster.version is '" MUSTER_VERSION "' there, '99999' here");
}

TEST_F(RunningRun, RefusesAPeerWithAWrongToken) {
  expect_refusal({}, "0123456789abcdef0123456789abcdef", "token");
}

TEST_F(RunningRun, HangsUpOnStrangersWithinTwoSeconds) {
  const Stopwatch watch;
  const auto strangers = strangers_at(store_port());
  for (const Connection& stranger : strangers) {
    EXPECT_TRUE(stranger.connected());
    EXPECT_TRUE(stranger.is_closed());
  }
  EXPECT_LT(watch.seconds(), 3) << "2 s to introduce oneself";
}

}  // namespace
}  // namespace muster
