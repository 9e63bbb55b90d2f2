# cmake --install: programs, libraries, headers, find_package(muster) and pkg-config files.
# Every room is one component with an export file of its own, so that a program that asks for rooms without
# tensors never looks for LibTorch.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/muster)

# The programs lie beside each other: muster starts muster-engine from its own folder.
install(TARGETS muster RUNTIME)
if(MUSTER_ENGINE)
  install(TARGETS muster-engine muster-tokenizer RUNTIME)
  if(MUSTER_UNUSED_LIBRARIES)
    list(TRANSFORM MUSTER_UNUSED_LIBRARIES PREPEND ${MUSTER_UNUSED_FOLDER}/ OUTPUT_VARIABLE empty_libraries)
    install(FILES ${empty_libraries} DESTINATION ${MUSTER_UNUSED_PLACE})
  endif()
endif()

get_property(rooms GLOBAL PROPERTY MUSTER_ROOMS)
set(MUSTER_ROOM_TABLE "")
set(plain_libraries "")
set(torch_libraries "")
foreach(room IN LISTS rooms)
  get_property(depends GLOBAL PROPERTY MUSTER_ROOM_${room}_DEPENDS)
  get_property(torch GLOBAL PROPERTY MUSTER_ROOM_${room}_TORCH)
  install(TARGETS muster_${room} EXPORT muster-${room} ARCHIVE)
  install(EXPORT muster-${room} NAMESPACE muster:: DESTINATION ${package_folder} FILE muster-${room}-targets.cmake)
  install(DIRECTORY muster/${room}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/muster/${room}
          FILES_MATCHING PATTERN "*.h" PATTERN "*_module.h" EXCLUDE PATTERN "log.h" EXCLUDE)  # log.h needs fmt
  string(APPEND MUSTER_ROOM_TABLE "set(_muster_${room}_needs ${depends})\n"
         "set(_muster_${room}_torch ${torch})\n")
  # The linker reads archives from left to right: what is built on others comes before them.
  if(torch)
    string(PREPEND torch_libraries "-lmuster_${room} ")
  else()
    string(PREPEND plain_libraries "-lmuster_${room} ")
  endif()
endforeach()

configure_package_config_file(cmake/muster-config.cmake.in muster-config.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(muster-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/muster-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/muster-config-version.cmake
        DESTINATION ${package_folder})

# muster-schedule.pc: the rooms without tensors; muster.pc: all of them.
set(pc_files muster-schedule.pc)
if(MUSTER_ENGINE)
  list(TRANSFORM TORCH_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE torch_cflags)
  list(REMOVE_ITEM torch_cflags -I/usr/include)
  list(JOIN torch_cflags " " torch_cflags)
  string(APPEND torch_cflags " ${TORCH_CXX_FLAGS}")
  get_filename_component(torch_folder ${TORCH_LIBRARY} DIRECTORY)
  list(APPEND pc_files muster.pc)
endif()
file(RELATIVE_PATH pc_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(file IN LISTS pc_files)
  configure_file(cmake/${file}.in ${file} @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
