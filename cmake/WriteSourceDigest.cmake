# Run as a script (see SourceDigest.cmake): writes OUTPUT, a C++ source with the digest of the sources under ROOT/muster
# and of BUILT, how they are compiled.
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/muster/*.cpp ${ROOT}/muster/*.h)
list(FILTER sources EXCLUDE REGEX "^muster/app/(reproduce/|commands/command_reproduce)")
list(SORT sources)
set(all "${BUILT}\n")
foreach(source IN LISTS sources)
  file(SHA256 ${ROOT}/${source} digest)
  string(APPEND all "${source} ${digest}\n")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING ${digest} 0 16 digest)
file(WRITE "${OUTPUT}" "// Made by cmake/WriteSourceDigest.cmake.
extern \"C\" {
extern const char muster_sources[];
[[gnu::used]] const char muster_sources[] = \"muster-sources:${digest}\";
}
")
