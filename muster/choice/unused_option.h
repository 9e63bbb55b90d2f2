#pragma once

#include <string>
#include <string_view>

#include "muster/base/error.h"
#include "muster/choice/value.h"

namespace muster::inline choice {

/// A field that was given and has no effect because of other options. Where the field comes from a file and
/// the others from the command line, it is set aside instead (muster/app/options/resolve.h).
class UnusedOption : public OptionError {
 public:
  UnusedOption(std::string_view key, const Value& value, std::string_view remedy)
      : OptionError(key, shown(format_plain(value)), remedy), key_(key) {}

  const std::string& key() const { return key_; }

 private:
  std::string key_;
};

/// Throws UnusedOption unless the field is used.
inline void require_used(bool used, std::string_view key, const Value& value, std::string_view remedy) {
  if (!used) throw UnusedOption(key, value, remedy);
}

}  // namespace muster::inline choice
