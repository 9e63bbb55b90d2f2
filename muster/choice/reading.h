#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/choice/kind.h"

namespace muster::inline choice {

namespace reading_detail {

template <class T>
struct Plain {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct Plain<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};

}  // namespace reading_detail

/// The facts of a kind that depends on nothing but its own fields.
struct NoFacts {};

/// How the options of a kind are filled: field by field from what was given, and from facts of the run.
///
///     Reading<QuadraticRuleOptions, RunFacts>()
///         .bind(base_period(), &QuadraticRuleOptions::base_period).means("the least one")
///         .bind(growth(), &QuadraticRuleOptions::growth).otherwise(peak_of_rate)
///         .take(&RunFacts::workers, &QuadraticRuleOptions::workers)
///
/// A field without a usual value leaves the member's initialiser, unless otherwise() or usually() is given.
template <class Options, class Facts = NoFacts>
class Reading {
 public:
  template <class T>
  Reading&& bind(Field field, T Options::*member) && {
    using Held = typename reading_detail::Plain<T>::type;
    if constexpr (!reading_detail::Plain<T>::optional)
      if (std::holds_alternative<std::monostate>(field.usual) && field.when_absent.empty())
        field.usual = Options{}.*member;
    return std::move(*this).template bind<Held>(
        std::move(field),
        [member](Options& options, const Held& value, const Facts&) { options.*member = value; });
  }
  /// A field whose value T sets more than one member, or is converted to another type.
  template <class T>
  Reading&& bind(Field field, std::function<void(Options&, const T&, const Facts&)> put) && {
    fields_.push_back({{std::move(field)},
                       [put = std::move(put)](Options& options, const Value& value, const Facts& facts) {
                         put(options, std::get<T>(value), facts);
                       },
                       {}});
    return std::move(*this);
  }
  /// A field that sets no option; its value is read elsewhere.
  Reading&& mention(Field field) && {
    fields_.push_back({{std::move(field)}, [](Options&, const Value&, const Facts&) {}, {}});
    return std::move(*this);
  }
  /// Sets options from facts of the run, before any field.
  Reading&& take(std::function<void(Options&, const Facts&)> put) && {
    return taken_.push_back(std::move(put)), std::move(*this);
  }
  template <class T>
  Reading&& take(T Facts::*from, T Options::*to) && {
    return std::move(*this).take([=](Options& options, const Facts& facts) { options.*to = facts.*from; });
  }

  // The following functions describe the field bound last.
  Reading&& means(std::string note) && { return last().use.note = std::move(note), std::move(*this); }
  /// This kind's default of the field, in words.
  Reading&& absent(std::string text) && { return last().use.absent = std::move(text), std::move(*this); }
  Reading&& needed(std::string why) && { return last().use.needed = std::move(why), std::move(*this); }
  /// A default that depends on the run.
  Reading&& otherwise(std::function<Value(const Facts&)> value) && {
    return last().otherwise = std::move(value), std::move(*this);
  }
  /// A default of this kind; other kinds of the family may have others for the same field.
  Reading&& usually(Value value) && {
    last().use.absent = format_plain(value);
    return std::move(*this).otherwise([value = std::move(value)](const Facts&) { return value; });
  }

  /// The options, not validated.
  Options operator()(const Values& values, const Facts& facts) const {
    Options options;
    for (const auto& put : taken_) put(options, facts);
    for (const Bound& one : fields_) {
      const Value& value = values.of(one.use.field);
      if (!std::holds_alternative<std::monostate>(value))
        one.put(options, value, facts);
      else if (one.otherwise)
        one.put(options, one.otherwise(facts), facts);
    }
    return options;
  }

  /// Sets the fields that were not given and whose default depends on the run.
  void fill(Values& values, const Facts& facts) const {
    for (const Bound& one : fields_)
      if (one.otherwise && !values.has(one.use.field.name))
        values.set(one.use.field.name, one.otherwise(facts));
  }

  std::vector<FieldUse> uses() const {
    std::vector<FieldUse> all;
    for (const Bound& one : fields_) all.push_back(one.use);
    return all;
  }

 private:
  struct Bound {
    FieldUse use;
    std::function<void(Options&, const Value&, const Facts&)> put;
    std::function<Value(const Facts&)> otherwise;
  };
  Bound& last() {
    invariant(!fields_.empty(), "a note belongs to the field before it");
    return fields_.back();
  }

  std::vector<Bound> fields_;
  std::vector<std::function<void(Options&, const Facts&)>> taken_;
};

}  // namespace muster::inline choice
