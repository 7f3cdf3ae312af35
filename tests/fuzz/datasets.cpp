#include "tests/fuzz/datasets.hpp"

#include "compiler/data/dataset.hpp"

namespace spikeloom::fuzz {

void read_data(Bytes bytes, const std::string& extension) {
  const std::filesystem::path path = file_of(bytes, extension);
  const std::vector<Port> camera{{"input", {2, 34, 34}}}, flat{{"input", {8}}}, two{{"a", {3}}, {"b", {2}}};
  DatasetOptions plain, encoded, timed;
  encoded.encoder = Encoder::kRate;
  encoded.steps = 5;
  encoded.full_scale = 255;
  encoded.clip = 1;
  encoded.limit = 3;
  timed.frame = std::chrono::milliseconds(50);
  timed.dt = 1e-3;
  timed.packing = Packing::kBits;
  timed.array = "images";
  const auto read = [&](const std::vector<Port>& ports, const DatasetOptions& options) {
    const auto data = accepted([&] { return read_dataset(path, ports, options); });
    if (!data) return;
    for (std::size_t port = 0; port < ports.size(); ++port) static_cast<void>(value_range(*data, port));
    static_cast<void>(data->total_steps());
  };
  read(flat, plain);
  read(flat, encoded);
  read(two, timed);
  read(camera, timed);
}

}  // namespace spikeloom::fuzz
