#include "muster/task/text/sentence_piece.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "muster/base/error.h"
#include "muster/base/plain_file.h"
#include "muster/task/text/tokenizer_messages.h"

namespace muster::inline task {

namespace {

constexpr uint32_t no_token = 0xFFFFFFFFU;

std::string find_program() {
  std::error_code problem;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", problem).parent_path();
  const auto other = folder.parent_path() / "libexec" / "muster";
  for (const auto& path : {folder / "muster-tokenizer", other / "muster-tokenizer"})
    if (!problem && ::access(path.c_str(), X_OK) == 0) return path.string();
  throw Error(
      fmt::format("muster-tokenizer is neither in {} nor in {}: SentencePiece models need it; use "
                  "text.tokenizer bytes, or build muster with libsentencepiece",
                  folder.string(), other.string()));
}

/// The process `muster-tokenizer`, and this side's end of the socket to it.
class Server {
 public:
  Server() {
    const std::string program = find_program();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail(program, errno);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    // Its own output would disturb ours; its answers say what is wrong.
    for (const int output : {STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0);
    std::string name = "muster-tokenizer";
    char* const words[] = {name.data(), nullptr};
    const int problem = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, words, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);  // the other program's
    socket_ = ends[0];
    if (problem != 0) {
      ::close(socket_);  // nothing was sent
      fail(program, problem);
    }
  }
  // It ends when its socket is closed.
  ~Server() {
    ::close(socket_);  // every answer has been received
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  TokenizerMessage ask(TokenizerWord word, std::string_view content) const {
    const std::lock_guard lock(mutex_);
    if (send_message(socket_, word, content))
      if (auto told = receive_message(socket_)) return *std::move(told);
    throw Error("muster-tokenizer has ended before its work was done");
  }

 private:
  [[noreturn]] static void fail(const std::string& program, int problem) {
    throw Error(fmt::format("cannot start {}: {}", program, std::strerror(problem)));
  }

  pid_t process_ = -1;
  int socket_ = -1;
  mutable std::mutex mutex_;
};

class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(const std::string& path) {
    const TokenizerMessage told = server_.ask(TokenizerWord::load, read_plain_file(path));
    if (told.word != TokenizerWord::done)
      throw DataError(
          fmt::format("'{}' is no SentencePiece model ({}); text.tokenizer must be bytes or the "
                      "path of a .model file that spm_train wrote",
                      path, told.content));
    const std::vector<uint32_t> numbers = unpacked(told.content);
    vocabulary_ = numbers.at(0);
    if (numbers.at(1) != no_token) end_ = numbers[1];
  }

  int64_t vocabulary() const override { return vocabulary_; }
  std::optional<uint32_t> end_of_document() const override { return end_; }

  std::vector<uint32_t> encode(std::string_view text) const override {
    return unpacked(answer(TokenizerWord::encode, text));
  }
  std::string decode(std::span<const uint32_t> tokens) const override {
    return answer(TokenizerWord::decode, packed({tokens.begin(), tokens.end()}));
  }

 private:
  std::string answer(TokenizerWord word, std::string_view content) const {
    TokenizerMessage told = server_.ask(word, content);
    if (told.word != TokenizerWord::done)
      throw DataError(fmt::format("the tokenizer refuses a text or token: {}", told.content));
    return std::move(told.content);
  }

  Server server_;
  int64_t vocabulary_ = 0;
  std::optional<uint32_t> end_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentence_piece(const std::string& path) {
  return std::make_unique<SentencePiece>(path);
}

}  // namespace muster::inline task
