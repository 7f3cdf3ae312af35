// Whole files, read and written at once: the interface is public.
#pragma once

#include <spikeloom/files.hpp>
