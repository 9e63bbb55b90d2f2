#pragma once

#include <string>
#include <utility>

#include "muster/links/links.h"

namespace muster {

/// A message over shared memory, from send() or receive() to its end.
class HostTransfer : public Transfer {
 public:
  explicit HostTransfer(int peer) : peer_(peer) {}
  int peer() const { return peer_; }
  /// Nothing more happens to it: it is done, or has failed.
  bool over() const { return over_; }
  /// What its peer did that it failed, behind the peer's name in a sentence; empty where it did not.
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

}  // namespace muster
