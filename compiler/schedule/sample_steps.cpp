#include "compiler/schedule/sample_steps.hpp"

#include <numeric>

#include <nlohmann/json.hpp>

namespace spikeloom {
namespace {

constexpr const char* kKey = "sample_steps";

}  // namespace

std::optional<std::int64_t> sample_steps(const Application& app) {
  const nlohmann::json options = nlohmann::json::parse(app.options, nullptr, false);
  if (!options.is_object() || !options.contains(kKey) || !options[kKey].is_number_unsigned())
    return std::nullopt;
  const auto steps = options[kKey].get<std::uint64_t>();
  if (steps == 0 || steps > std::uint32_t{0} - 1U) return std::nullopt;
  return static_cast<std::int64_t>(steps);
}

std::string options_with(std::optional<std::uint32_t> steps) {
  nlohmann::json options = nlohmann::json::object();
  if (steps) options[kKey] = *steps;
  return options.dump();
}

std::vector<std::int64_t> batch_sizes(std::int64_t pages, std::optional<std::int64_t> steps) {
  std::vector<std::int64_t> sizes;
  if (!steps) {
    sizes.resize(static_cast<std::size_t>(pages));
    std::iota(sizes.begin(), sizes.end(), std::int64_t{1});
    return sizes;
  }
  if (*steps % pages != 0) sizes.push_back(*steps % pages);
  if (*steps >= pages) sizes.push_back(pages);
  return sizes;
}

}  // namespace spikeloom
