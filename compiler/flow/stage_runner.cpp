#include "compiler/flow/stage_runner.hpp"

#include <filesystem>
#include <system_error>

#include "compiler/base/file.hpp"

namespace spikeloom {

void StageRunner::dump(const std::string& name, const std::string& text) {
  if (!dump_) return;
  ++number_;
  std::error_code failed;
  std::filesystem::create_directories(*dump_, failed);
  if (failed) throw input_error(*dump_ + ": the folder for --dump cannot be made: " + failed.message());
  const std::string number = (number_ < 10 ? "0" : "") + std::to_string(number_);
  const std::filesystem::path path = std::filesystem::path(*dump_) / (number + "-" + name + ".txt");
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void StageRunner::sound(const std::vector<std::string>& faults) const {
  for (const std::string& fault : faults) internal_error(name_ + ": " + fault, __FILE__, __LINE__);
}

}  // namespace spikeloom
