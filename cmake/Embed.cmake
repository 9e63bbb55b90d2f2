# muster_embed(TARGET HEADER NAMESPACE name=path...): puts files into a library as constants of type std::string_view,
# declared in HEADER.
function(muster_embed target header namespace)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cpp)
  set(paths ${ARGN})
  list(TRANSFORM paths REPLACE "^[^=]*=" "")
  set(script ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake)
  add_custom_command(OUTPUT ${output}
                     COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DHEADER=${header} -DNAMESPACE=${namespace}
                             "-DFILES=${ARGN}" -P ${script}
                     DEPENDS ${paths} ${script} ${CMAKE_SOURCE_DIR}/cmake/EmbedBytes.cmake VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

# muster_embed_table(TARGET HEADER NAMESPACE FUNCTION name=path...): puts files into a library as the list of
# EmbeddedFile that NAMESPACE::FUNCTION(), declared in HEADER, returns.
function(muster_embed_table target header namespace function)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_${function}.cpp)
  set(paths ${ARGN})
  list(TRANSFORM paths REPLACE "^[^=]*=" "")
  set(script ${CMAKE_SOURCE_DIR}/cmake/EmbedTable.cmake)
  add_custom_command(OUTPUT ${output}
                     COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DHEADER=${header} -DNAMESPACE=${namespace} -DFUNCTION=${function}
                             "-DFILES=${ARGN}" -P ${script}
                     DEPENDS ${paths} ${script} ${CMAKE_SOURCE_DIR}/cmake/EmbedBytes.cmake VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
