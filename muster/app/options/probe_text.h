#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/report/probe_request.h"

namespace muster::inline app {

/// Reads "sharpness:every=10,samples=512;noise;distance:every=1": probes separated by semicolons, each with
/// its numbers. Throws OptionError about `field`.
std::vector<ProbeRequest> parse_probes(std::string_view text, const std::string& field);

std::string_view name_of(ProbeKind kind);

}  // namespace muster::inline app
