// The verdict on a run as a value, and the report that `spikeloom run --json` writes.
#include <iostream>
#include <string_view>

#include <spikeloom/files.hpp>
#include <spikeloom/spikeloom.hpp>

namespace {

void write_text(const std::string& path, const std::string& text) {
  spikeloom::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

int run(const std::string& image_file, const std::string& data, const std::string& report,
        const std::string& device, bool trust) {
  const auto image = spikeloom::CompiledImage::read(image_file);
  spikeloom::RunOptions options;
  options.device = device;
  // Without it an image whose own certificates contradict its promises is refused before it runs.
  if (trust) options.trust = spikeloom::ImageTrust::kFull;
  const spikeloom::RunResult result = spikeloom::run(image, data, {.limit = 20}, options);
  std::cout << spikeloom::name_of(result.judgement.verdict) << "\n";
  for (const std::string& reason : result.judgement.reasons) std::cout << reason << "\n";
  write_text(report, spikeloom::to_json(result.report, image));
  return result.report.promises_kept() ? 0 : 1;
}

/// An image that promises a period of one cycle, which nothing keeps; `verify` finds it out before any run.
int tighten(const std::string& from, const std::string& to) {
  const auto image = spikeloom::CompiledImage::read(from);
  std::vector<spikeloom::Promise> promises = image.promises();
  promises.front().period = 1;
  promises.front().offset = 0;
  const spikeloom::CompiledImage liar = image.with_promises(promises);
  for (const std::string& fault : spikeloom::verify(liar).faults) std::cout << fault << "\n";
  liar.write(to);
  return spikeloom::verify(liar).faults.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: verdict IMAGE DATA REPORT [DEVICE [--trust]] | verdict --tighten IMAGE OUT\n";
    return 2;
  }
  try {
    if (std::string_view(argv[1]) == "--tighten") return tighten(argv[2], argv[3]);
    return run(argv[1], argv[2], argv[3], argc > 4 ? argv[4] : "model",
               argc > 5 && std::string_view(argv[5]) == "--trust");
  } catch (const spikeloom::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.kind() == spikeloom::ErrorKind::kDevice ? 3 : 2;
  }
}
