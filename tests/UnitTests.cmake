# muster_unit_tests(ROOM LIBRARY...): the program test_ROOM of the sources in tests/unit/ROOM and its folders, in ctest as
# unit.ROOM with label "unit".
function(muster_unit_tests room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${room}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${room} ${sources})
  muster_flags(test_${room})
  target_include_directories(test_${room} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(test_${room} PRIVATE ${ARGN} fmt::fmt Eigen3::Eigen nlohmann_json::nlohmann_json GTest::gmock
                        GTest::gtest_main)
  if(MUSTER_HAVE_GLOO)
    target_compile_definitions(test_${room} PRIVATE MUSTER_HAVE_GLOO)
  endif()
  # One entry a room: starting a program that links LibTorch takes half a second. Single tests run by
  # build/release/bin/test_ROOM --gtest_filter=...
  add_test(NAME unit.${room} COMMAND test_${room} --gtest_brief=1)
  set_tests_properties(unit.${room} PROPERTIES LABELS unit TIMEOUT 600)
endfunction()
