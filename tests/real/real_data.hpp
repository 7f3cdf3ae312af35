// Trained networks and recordings of others: where they lie, and what is compiled and run with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compiler/data/dataset.hpp"
#include "compiler/data/npz.hpp"
#include "compiler/flow/compile.hpp"

namespace spikeloom::testing {

/// `name` in the folder of real data: SPIKELOOM_DATA, else ../shared/data from the project's root.
[[nodiscard]] std::filesystem::path real_file(const std::string& name);

/// Ends the test as a skip, with the reason, where a folder of the real data is absent.
#define NEED_REAL_DATA(folder)                                           \
  if (!std::filesystem::exists(::spikeloom::testing::real_file(folder))) \
  GTEST_SKIP() << ::spikeloom::testing::real_file(folder).string()       \
               << " is not there; SPIKELOOM_DATA names the folder with the real data"

/// A file of the project, by its path from the root.
[[nodiscard]] std::filesystem::path shipped_file(const std::string& path);

/// Compiles, or fails with the reason why it does not fit.
[[nodiscard]] Compilation compiled(const std::filesystem::path& network, const Chip& chip,
                                   const CompileOptions& options);

/// One .npy file.
[[nodiscard]] Array read_array(const std::filesystem::path& path);
void write_array(const std::filesystem::path& path, const Array& array);

/// Samples first .. first + count - 1.
[[nodiscard]] Dataset part(const Dataset& data, std::size_t first, std::size_t count);

/// One sample of one input with the given values, (steps, elements) row-major.
[[nodiscard]] Dataset one_sample(const Port& port, const std::vector<double>& values);

/// Neurons of one population over all steps of all samples, (steps, neurons) row-major: bits that differ
/// when `theirs` is `late` steps late within every sample of `steps` steps.
[[nodiscard]] std::size_t differing_bits(const std::vector<std::uint8_t>& ours,
                                         const std::vector<std::uint8_t>& theirs, std::size_t neurons,
                                         std::size_t steps, std::size_t late);

}  // namespace spikeloom::testing
