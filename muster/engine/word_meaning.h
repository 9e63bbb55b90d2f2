#pragma once

#include <map>
#include <string>

#include "muster/base/error.h"

namespace muster::inline engine {

/// The value of a word that the table of keys has already accepted.
template <class T>
T meaning_of(const std::map<std::string, T>& words, const std::string& word) {
  const auto found = words.find(word);
  invariant(found != words.end(), "the table of keys allows a word that nobody knows");
  return found->second;
}

}  // namespace muster::inline engine
