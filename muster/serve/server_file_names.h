#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace muster::inline serve {

/// Names in a server's folder: snapshot-00000003, events-00000003, durable.
class ServerFileNames {
 public:
  explicit ServerFileNames(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  std::string snapshot(int64_t number) const;
  std::string journal(int64_t number) const;
  std::string mark() const { return folder_ + "/durable"; }
  /// Numbers of those that are there, rising. Throw FileError.
  std::vector<int64_t> snapshots() const;
  std::vector<int64_t> journals() const;
  /// Whether nothing of a server lies there. Throws FileError.
  bool nothing_there() const;

 private:
  std::string folder_;
};

}  // namespace muster::inline serve
