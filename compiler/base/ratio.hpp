// Exact rationals: the type is public.
#pragma once

#include <spikeloom/ratio.hpp>
