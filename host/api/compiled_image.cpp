#include <algorithm>

#include <nlohmann/json.hpp>

#include <spikeloom/image.hpp>

#include "compiler/image/image.hpp"
#include "compiler/replay/stimulus.hpp"

namespace spikeloom {

CompiledImage::CompiledImage(std::shared_ptr<const Image> image, std::string path)
    : image_(std::move(image)), path_(std::move(path)) {}

CompiledImage CompiledImage::read(const std::string& path) {
  return CompiledImage(std::make_shared<const Image>(read_image(path)), path);
}

void CompiledImage::write(const std::string& path) const { write_image(*image_, path); }
const std::string& CompiledImage::network() const { return image_->application.name; }
ChipFile CompiledImage::chip() const { return ChipFile({image_, &image_->chip}); }
const std::vector<Promise>& CompiledImage::promises() const { return image_->promises; }
std::vector<Port> CompiledImage::inputs() const { return input_ports(*image_); }
const std::vector<std::string>& CompiledImage::populations() const { return image_->application.populations; }
std::size_t CompiledImage::clusters() const { return image_->application.clusters.size(); }
std::vector<std::string> CompiledImage::faults() const { return check(*image_); }
std::string CompiledImage::text() const { return print(*image_); }

std::vector<OutputPort> CompiledImage::outputs() const {
  std::vector<OutputPort> ports;
  for (const OutputStream& output : image_->application.outputs)
    ports.push_back({output.name, output.kind == OutputKind::kSpikes, output.recorded});
  return ports;
}

std::size_t CompiledImage::tiles_used() const {
  return static_cast<std::size_t>(std::count_if(image_->binding.orders.begin(), image_->binding.orders.end(),
                                                [](const auto& order) { return !order.empty(); }));
}

CompiledImage CompiledImage::with_promises(std::vector<Promise> promises) const {
  Image changed = *image_;
  changed.promises = std::move(promises);
  return CompiledImage(std::make_shared<const Image>(std::move(changed)), path_);
}

Dataset read_data(const CompiledImage& image, const std::filesystem::path& path, DatasetOptions options) {
  const auto made = nlohmann::json::parse(image.value().metadata, nullptr, false);
  if (!options.dt && made.is_object() && made.contains("dt") && made["dt"].is_number())
    options.dt = made["dt"].get<double>();
  return read_dataset(path, image.inputs(), options);
}

}  // namespace spikeloom
