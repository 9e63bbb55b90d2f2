# muster_source_digest(TARGET...): links into each program a text "muster-sources:" and sixteen hexadecimal digits, a
# digest of the sources that compute and of how they are compiled. `muster reproduce` keeps results by it. Left out is
# what only judges and shows results (muster/app/reproduce), so that a claim may be reworded.
function(muster_source_digest)
  set(output ${CMAKE_BINARY_DIR}/source_digest.cpp)
  set(script ${CMAKE_SOURCE_DIR}/cmake/WriteSourceDigest.cmake)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/muster/*.cpp ${CMAKE_SOURCE_DIR}/muster/*.h)
  set(built "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${CMAKE_CXX_FLAGS} ${MUSTER_SANITIZE}")
  add_custom_command(OUTPUT ${output}
                     COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DROOT=${CMAKE_SOURCE_DIR} "-DBUILT=${built}" -P ${script}
                     DEPENDS ${sources} ${script} VERBATIM)
  foreach(target IN LISTS ARGN)
    target_sources(${target} PRIVATE ${output})
  endforeach()
endfunction()
