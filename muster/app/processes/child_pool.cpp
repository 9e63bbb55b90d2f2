#include "muster/app/processes/child_pool.h"

#include <sys/wait.h>

#include <csignal>

#include "muster/app/processes/child_start.h"

namespace muster::inline app {

ChildPool::~ChildPool() { stop(); }

void ChildPool::start(int number, const std::vector<std::string>& command, const std::string& output,
                      const std::string& errors) {
  children_.push_back({start_child(command, {output, errors}, signals_), number});
}

std::optional<ChildPool::Ended> ChildPool::look() {
  for (size_t i = 0; i < children_.size(); ++i) {
    int status = 0;
    if (::waitpid(children_[i].process, &status, WNOHANG) != children_[i].process) continue;
    const Ended ended{children_[i].number, exit_code(status)};
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
    return ended;
  }
  return std::nullopt;
}

std::optional<ChildPool::Ended> ChildPool::wait(double seconds) {
  if (const auto ended = look()) return ended;
  signals_.wait(seconds);
  return look();
}

void ChildPool::stop() {
  for (const Child& child : children_) ::kill(child.process, SIGTERM);
  while (!children_.empty())
    if (!look()) signals_.wait(0.2);
}

}  // namespace muster::inline app
