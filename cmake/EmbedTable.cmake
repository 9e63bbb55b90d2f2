# Run as a script (see Embed.cmake): writes OUTPUT, a C++ source that defines NAMESPACE::FUNCTION() of HEADER, the list
# of the texts of FILES (a list of name=path) with their names.
include(${CMAKE_CURRENT_LIST_DIR}/EmbedBytes.cmake)
set(source "// Made by cmake/EmbedTable.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\nnamespace {\n")
set(rows "")
set(number 0)
foreach(entry IN LISTS FILES)
  embedded_bytes("${entry}")
  string(APPEND source "const unsigned char bytes_${number}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", {reinterpret_cast<const char*>(bytes_${number}), sizeof bytes_${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "${source}}  // namespace\n\nstd::vector<EmbeddedFile> ${FUNCTION}() {\n  return {\n${rows}  };\n}\n\n}  // namespace ${NAMESPACE}\n")
