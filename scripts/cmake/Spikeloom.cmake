# Helpers that every folder's CMakeLists.txt uses, and the one place for compiler flags.

add_library(spikeloom_flags INTERFACE)
target_compile_options(spikeloom_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
target_include_directories(spikeloom_flags INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/host/api/include ${PROJECT_BINARY_DIR}/generated)

# Messages, checks and debug information name files by their place in the project, not on this machine.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${PROJECT_BINARY_DIR}=build)

# Debug information for stack traces and line numbers only: -g1 takes a third less time to compile than -g.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# The files of a folder are compiled several at once: most of a file's time goes into the standard library's
# templates, which are then compiled once for all of them. OFF compiles every file by itself, which is what
# an editor wants; the preset `dev` does so.
option(SPIKELOOM_UNITY "Compile several files of a folder at once" ON)
set(CMAKE_UNITY_BUILD ${SPIKELOOM_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)
# Files of libraries that are compiled by themselves all the same: those that tests/planted edits.
set(SPIKELOOM_ALONE "" CACHE STRING "Files, from the project's root, that share no compilation")
mark_as_advanced(SPIKELOOM_ALONE)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# spikeloom_library(NAME SOURCES a.cpp ... [LINK other ...] [PRIVATE_LINK Third::Party ...])
# makes the static library spikeloom_NAME; LINK names other Spikeloom libraries without the prefix.
function(spikeloom_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(spikeloom_${name} STATIC ${ARG_SOURCES})
  foreach(file IN LISTS SPIKELOOM_ALONE)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_source_files_properties(${file} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
  target_link_libraries(spikeloom_${name} PRIVATE spikeloom_flags ${ARG_PRIVATE_LINK})
  # libspikeloom exports what the public headers declare (spikeloom/export.hpp) and nothing else.
  set_target_properties(spikeloom_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  set_property(GLOBAL APPEND PROPERTY SPIKELOOM_LIBRARIES spikeloom_${name})
  target_include_directories(spikeloom_${name} PUBLIC
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/host/api/include ${PROJECT_BINARY_DIR}/generated)
  foreach(other IN LISTS ARG_LINK)
    target_link_libraries(spikeloom_${name} PUBLIC spikeloom_${other})
  endforeach()
endfunction()

# spikeloom_test(NAME SOURCES a_test.cpp ... LINK lib ...
#   [LABELS label ...] [TIMEOUT seconds] [FILTER PATTERN])
# One executable NAME; every TEST in it that PATTERN chooses (default: all) is a ctest test of its own.
# Without LABELS it is a unit test: no Verilated chip, seconds (scripts/test.sh --quick).
find_package(GTest QUIET)
set(SPIKELOOM_TESTS OFF)
if(BUILD_TESTING AND TARGET GTest::gmock)
  set(SPIKELOOM_TESTS ON)
  include(GoogleTest)
endif()
# What builds the programs of a label.
foreach(label unit flow admit cli)
  add_custom_target(${label}_tests)
endforeach()
function(spikeloom_test name)
  if(NOT SPIKELOOM_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT;FILTER" "SOURCES;LINK;PRIVATE_LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE spikeloom_flags GTest::gtest GTest::gmock GTest::gtest_main
    ${ARG_PRIVATE_LINK})
  foreach(other IN LISTS ARG_LINK)
    target_link_libraries(${name} PRIVATE spikeloom_${other})
  endforeach()
  target_compile_definitions(${name} PRIVATE
    SPIKELOOM_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SPIKELOOM_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  foreach(label IN LISTS ARG_LABELS)
    if(TARGET ${label}_tests)
      add_dependencies(${label}_tests ${name})
    endif()
  endforeach()
  spikeloom_tests_of(${name} FILTER "${ARG_FILTER}" LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# spikeloom_tests_of(NAME [FILTER PATTERN] LABELS label ... [TIMEOUT seconds])
# Tests of a program that is there.
function(spikeloom_tests_of name)
  cmake_parse_arguments(ARG "" "TIMEOUT;FILTER" "LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_FILTER "${ARG_FILTER}"
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# spikeloom_absent_test(NAME REASON): stands where tests cannot be built, as a visible skip that says why.
function(spikeloom_absent_test name reason)
  if(BUILD_TESTING)
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${reason}")
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: ")
  endif()
endfunction()
