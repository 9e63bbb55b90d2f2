#pragma once

namespace muster::test {

/// Whether this build has groups over Gloo.
#ifdef MUSTER_HAVE_GLOO
constexpr bool have_gloo = true;
#else
constexpr bool have_gloo = false;
#endif

}  // namespace muster::test
