#include <cstdio>

#include <spikeloom/image.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {

int run(const VerifyCommand& command) {
  check_files(
      {{"the image", command.image}, {"--network", command.network}, {"--calibrate", command.calibrate}},
      {{"--json", command.json}});
  const CompiledImage image = CompiledImage::read(command.image);
  const Verification result =
      command.network ? verify(image, *command.network, command.calibrate, command.semantics) : verify(image);
  if (command.json) write_text(*command.json, to_json(result));
  std::fputs(to_text(result).c_str(), stdout);
  return result.faults.empty() ? kYes : kNo;
}

}  // namespace spikeloom::cli
