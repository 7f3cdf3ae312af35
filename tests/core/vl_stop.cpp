// A failed check of the RTL is a failed test.
#include <gtest/gtest.h>
#include <verilated.h>

void vl_stop(const char* filename, int line, const char* hierarchy) {
  ADD_FAILURE_AT(filename, line) << "check failed in " << hierarchy;
}
