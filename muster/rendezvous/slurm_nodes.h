#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline rendezvous {

/// The nodes of one of Slurm's lists, in its order: "n[008-010,12],login" -> n008, n009, n010, n12, login. A
/// number has at least as many digits as the first one of its range. A name may hold several brackets
/// ("rack[1-2]node[1-4]"): the last one counts fastest. Nothing where the text is no such list, or names more
/// than 65,536 nodes.
std::optional<std::vector<std::string>> slurm_nodes(std::string_view list);

/// The parts of a list between its commas, but for those within brackets.
std::vector<std::string_view> parts_outside_brackets(std::string_view list);

}  // namespace muster::inline rendezvous
