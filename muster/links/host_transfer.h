#pragma once

#include <string>
#include <utility>

#include "muster/links/links.h"

namespace muster::inline links {

/// A message over shared memory, from send() or receive() to its end.
class HostTransfer : public Transfer {
 public:
  explicit HostTransfer(int peer) : peer_(peer) {}
  int peer() const { return peer_; }
  /// It has ended: done, or failed.
  bool over() const { return over_; }
  /// What the peer did that made it fail, as the rest of a sentence that begins with its name; "" if it has
  /// not failed.
  const std::string& problem() const { return problem_; }

  void finish() { over_ = true; }
  void fail(std::string problem) {
    over_ = true;
    problem_ = std::move(problem);
  }

 private:
  int peer_;
  bool over_ = false;
  std::string problem_;
};

}  // namespace muster::inline links
