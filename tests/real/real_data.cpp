#include "tests/real/real_data.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "compiler/data/npy.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::testing {

std::filesystem::path real_file(const std::string& name) {
  const char* given = std::getenv("SPIKELOOM_DATA");
  const std::filesystem::path folder =
      given != nullptr ? given : std::string(SPIKELOOM_SOURCE_DIR) + "/../shared/data";
  return folder / name;
}

std::filesystem::path shipped_file(const std::string& path) {
  return std::filesystem::path(SPIKELOOM_SOURCE_DIR) / path;
}
Compilation compiled(const std::filesystem::path& network, const Chip& chip, const CompileOptions& options) {
  auto result = compile(network.string(), chip, options, {});
  if (const auto* no = std::get_if<DoesNotFit>(&result))
    throw std::runtime_error(no->stage + ": " + no->reason);
  return std::get<Compilation>(std::move(result));
}

Array read_array(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return parse_npy({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

void write_array(const std::filesystem::path& path, const Array& array) {
  const std::vector<std::uint8_t> bytes = array.to_npy();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw std::runtime_error(path.string() + ": cannot be written");
}

Dataset part(const Dataset& data, std::size_t first, std::size_t count) {
  Dataset result = data;
  const auto begin = data.samples.begin() + static_cast<std::ptrdiff_t>(first);
  result.samples.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  return result;
}

Dataset one_sample(const Port& port, const std::vector<double>& values) {
  Dataset data;
  data.ports.push_back(port);
  Sample sample;
  sample.id = "0";
  sample.inputs.resize(1);
  for (std::size_t k = 0; k < values.size(); ++k) {
    sample.inputs[0].add(static_cast<std::uint32_t>(k % port.size()), values[k]);
    if ((k + 1) % port.size() == 0) sample.inputs[0].end_step();
  }
  data.samples.push_back(std::move(sample));
  return data;
}

std::size_t differing_bits(const std::vector<std::uint8_t>& ours, const std::vector<std::uint8_t>& theirs,
                           std::size_t neurons, std::size_t steps, std::size_t late) {
  if (ours.size() != theirs.size()) throw std::runtime_error("recordings of different lengths");
  std::size_t count = 0;
  for (std::size_t k = 0; k < theirs.size(); ++k) {
    const std::size_t step = k / neurons % steps;
    const bool our = step >= late && ours[k - late * neurons] != 0;
    if (our != (theirs[k] != 0)) ++count;
  }
  return count;
}

}  // namespace spikeloom::testing
