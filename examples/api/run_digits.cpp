// Compiles a network, verifies what is promised of it, runs it, and says whether the promises held.
#include <iostream>

#include <spikeloom/spikeloom.hpp>

namespace {

int run_digits(const std::string& network, const std::string& chip_file, const std::string& data,
               const std::string& device) {
  const auto answer = spikeloom::compile(network, spikeloom::ChipFile::read(chip_file));
  if (const auto* no = std::get_if<spikeloom::DoesNotFit>(&answer)) {
    std::cout << "does not fit: " << no->reason << "\n";
    return 1;
  }
  const spikeloom::CompiledImage& image = std::get<spikeloom::Compiled>(answer).image;
  const spikeloom::Promise& guarantee = image.promises().front();
  std::cout << "guaranteed: a step every " << guarantee.period.str() << " cycles, latency at most "
            << guarantee.latency << "\n";
  for (const std::string& fault : spikeloom::verify(image).faults) {
    std::cout << "fault: " << fault << "\n";
    return 1;
  }

  spikeloom::RunOptions options;
  options.device = device;
  const spikeloom::RunResult result = spikeloom::run(image, data, {.limit = 20}, options);
  const spikeloom::Report& report = result.report;
  std::cout << report.correct << " of " << report.labelled << " right; a step every "
            << spikeloom::mean_period(report)->str() << " cycles on " << report.device << "\n"
            << "verdict: " << spikeloom::name_of(result.judgement.verdict) << "\n";
  for (const std::string& reason : result.judgement.reasons) std::cout << "  " << reason << "\n";
  return report.promises_kept() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: run_digits NETWORK CHIP DATA [DEVICE]\n";
    return 2;
  }
  try {
    return run_digits(argv[1], argv[2], argv[3], argc > 4 ? argv[4] : "model");
  } catch (const spikeloom::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.kind() == spikeloom::ErrorKind::kDevice ? 3 : 2;
  }
}
