"""By what the published weights of the FID network are known.

Of each array, flattened, the root mean square and the projection
Σ x_k cos(k) / √n, k = 0 … n - 1, which changes with signs and order. Both are
of the weights with the batch normalisation folded in; folding in other orders
moves them by 1e-6 of the root mean square.

The layers after `mixed_8` are not known here: the authors had weights up to
there only, so a file's deeper layers are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_TOLERANCE = 1e-4  # Of the root mean square.


def fits(arrays: Mapping[str, np.ndarray]) -> bool:
    """Says whether weights are the published ones, as far as they are known.

    Args:
        arrays: as `files.read` returns them; those that are not
            known are not looked at.
    """
    return all(
        abs(found - expected) <= _TOLERANCE * _KNOWN[name][0]
        for name in _KNOWN
        if name in arrays
        for found, expected in zip(
            _fingerprint(arrays[name]), _KNOWN[name], strict=True
        )
    )


def _fingerprint(array: np.ndarray) -> tuple[float, float]:
    values = np.asarray(array, np.float64).ravel()
    projection = values @ np.cos(np.arange(values.size, dtype=np.float64))
    return (
        float(np.sqrt(np.mean(values * values))),
        float(projection / np.sqrt(values.size)),
    )


_KNOWN = {
    "conv/weights": (0.67127491, 0.38067469),
    "conv/biases": (1.6237648, 2.7266756),
    "conv_1/weights": (0.076299101, -0.016619667),
    "conv_1/biases": (1.6256833, 0.24757817),
    "conv_2/weights": (0.065046696, -0.09556268),
    "conv_2/biases": (3.5021329, 1.9794),
    "conv_3/weights": (0.12216857, -0.016324014),
    "conv_3/biases": (2.0666537, -1.6144516),
    "conv_4/weights": (0.038592035, 0.04501396),
    "conv_4/biases": (2.2499627, -0.24252598),
    "mixed/conv/weights": (0.052118149, 0.036641147),
    "mixed/conv/biases": (2.1079193, -0.041349963),
    "mixed/tower/conv/weights": (0.061040312, -0.010142058),
    "mixed/tower/conv/biases": (1.8559647, 1.8685744),
    "mixed/tower/conv_1/weights": (0.019980508, 0.015000997),
    "mixed/tower/conv_1/biases": (1.7285901, -1.1508826),
    "mixed/tower_1/conv/weights": (0.057404077, -0.041091088),
    "mixed/tower_1/conv/biases": (2.7343053, -0.49279314),
    "mixed/tower_1/conv_1/weights": (0.043078785, 0.026551974),
    "mixed/tower_1/conv_1/biases": (2.7252567, -0.067346778),
    "mixed/tower_1/conv_2/weights": (0.039220072, 0.025435712),
    "mixed/tower_1/conv_2/biases": (1.1726371, -0.1206346),
    "mixed/tower_2/conv/weights": (0.097621124, -0.10845704),
    "mixed/tower_2/conv/biases": (2.9459878, 0.3701518),
    "mixed_1/conv/weights": (0.060450436, -0.0084706015),
    "mixed_1/conv/biases": (2.675369, -2.3234183),
    "mixed_1/tower/conv/weights": (0.070749257, -0.023985894),
    "mixed_1/tower/conv/biases": (2.031018, -0.45735039),
    "mixed_1/tower/conv_1/weights": (0.025120605, 0.013006668),
    "mixed_1/tower/conv_1/biases": (1.6174947, 0.22317799),
    "mixed_1/tower_1/conv/weights": (0.060394848, -0.028369577),
    "mixed_1/tower_1/conv/biases": (2.332316, -1.5540869),
    "mixed_1/tower_1/conv_1/weights": (0.040620788, -0.009714418),
    "mixed_1/tower_1/conv_1/biases": (1.9092052, -1.5306028),
    "mixed_1/tower_1/conv_2/weights": (0.038296782, 0.012998832),
    "mixed_1/tower_1/conv_2/biases": (0.68540626, -0.4402767),
    "mixed_1/tower_2/conv/weights": (0.096188518, 0.030947213),
    "mixed_1/tower_2/conv/biases": (2.324404, 1.180137),
    "mixed_2/conv/weights": (0.060471793, 0.013270883),
    "mixed_2/conv/biases": (1.8794821, -0.76139136),
    "mixed_2/tower/conv/weights": (0.069724977, 0.033267674),
    "mixed_2/tower/conv/biases": (1.5656183, 0.25649778),
    "mixed_2/tower/conv_1/weights": (0.026173404, 0.016004159),
    "mixed_2/tower/conv_1/biases": (0.58665703, -0.31373261),
    "mixed_2/tower_1/conv/weights": (0.068735741, -0.00084011937),
    "mixed_2/tower_1/conv/biases": (2.2619305, -0.9288403),
    "mixed_2/tower_1/conv_1/weights": (0.043682117, 0.0033919051),
    "mixed_2/tower_1/conv_1/biases": (0.48261962, 0.18154554),
    "mixed_2/tower_1/conv_2/weights": (0.044976558, 0.029617632),
    "mixed_2/tower_1/conv_2/biases": (0.58631978, 0.044540512),
    "mixed_2/tower_2/conv/weights": (0.10342872, 0.06157765),
    "mixed_2/tower_2/conv/biases": (2.5016356, 0.92260778),
    "mixed_3/conv/weights": (0.020451616, 0.011228073),
    "mixed_3/conv/biases": (1.1637571, -0.35957129),
    "mixed_3/tower/conv/weights": (0.084231757, 0.013837577),
    "mixed_3/tower/conv/biases": (0.93424983, -0.24629964),
    "mixed_3/tower/conv_1/weights": (0.056772684, -0.0014025794),
    "mixed_3/tower/conv_1/biases": (0.73392893, -0.24742444),
    "mixed_3/tower/conv_2/weights": (0.063576414, -0.0095522884),
    "mixed_3/tower/conv_2/biases": (0.75147816, 0.53599706),
    "mixed_4/conv/weights": (0.0432011, -0.027603349),
    "mixed_4/conv/biases": (1.0013616, -0.93374801),
    "mixed_4/tower/conv/weights": (0.041386166, 0.006716885),
    "mixed_4/tower/conv/biases": (0.80218025, -0.67987961),
    "mixed_4/tower/conv_1/weights": (0.041883941, -0.0095605468),
    "mixed_4/tower/conv_1/biases": (0.49750884, 0.30150937),
    "mixed_4/tower/conv_2/weights": (0.0436541, 0.010190215),
    "mixed_4/tower/conv_2/biases": (0.58800685, -0.20627662),
    "mixed_4/tower_1/conv/weights": (0.043202595, 0.023777727),
    "mixed_4/tower_1/conv/biases": (0.88025496, 0.57039869),
    "mixed_4/tower_1/conv_1/weights": (0.035958459, -0.011477976),
    "mixed_4/tower_1/conv_1/biases": (0.69386831, 0.38342831),
    "mixed_4/tower_1/conv_2/weights": (0.038770374, 0.0044388843),
    "mixed_4/tower_1/conv_2/biases": (0.72555165, 0.23155226),
    "mixed_4/tower_1/conv_3/weights": (0.039477761, -0.020376036),
    "mixed_4/tower_1/conv_3/biases": (0.87104792, -1.0873518),
    "mixed_4/tower_1/conv_4/weights": (0.035772868, -0.0068020101),
    "mixed_4/tower_1/conv_4/biases": (0.66290756, -0.16654092),
    "mixed_4/tower_2/conv/weights": (0.080426348, 0.018383805),
    "mixed_4/tower_2/conv/biases": (1.430767, -0.30473378),
    "mixed_5/conv/weights": (0.057845788, 0.044105639),
    "mixed_5/conv/biases": (0.44966218, -0.27764013),
    "mixed_5/tower/conv/weights": (0.059169882, -0.0022973728),
    "mixed_5/tower/conv/biases": (0.58042345, -0.54301266),
    "mixed_5/tower/conv_1/weights": (0.048355598, -0.0072820023),
    "mixed_5/tower/conv_1/biases": (0.5005774, 0.3509452),
    "mixed_5/tower/conv_2/weights": (0.042019628, 0.010156241),
    "mixed_5/tower/conv_2/biases": (0.58421537, 0.0025831444),
    "mixed_5/tower_1/conv/weights": (0.058864278, -0.013430787),
    "mixed_5/tower_1/conv/biases": (0.61792011, 0.4295539),
    "mixed_5/tower_1/conv_1/weights": (0.044247705, -0.0036950195),
    "mixed_5/tower_1/conv_1/biases": (0.5581009, 0.53707077),
    "mixed_5/tower_1/conv_2/weights": (0.03799454, -0.021666148),
    "mixed_5/tower_1/conv_2/biases": (0.65880819, -0.68602014),
    "mixed_5/tower_1/conv_3/weights": (0.039660787, 0.035718245),
    "mixed_5/tower_1/conv_3/biases": (0.6852811, -0.52345379),
    "mixed_5/tower_1/conv_4/weights": (0.034571295, 0.031397942),
    "mixed_5/tower_1/conv_4/biases": (0.6709009, -0.50581004),
    "mixed_5/tower_2/conv/weights": (0.099169376, 0.132123),
    "mixed_5/tower_2/conv/biases": (0.54967237, -0.27465677),
    "mixed_6/conv/weights": (0.057499212, -0.027285235),
    "mixed_6/conv/biases": (0.34745634, 0.031054095),
    "mixed_6/tower/conv/weights": (0.058170531, -0.0090980181),
    "mixed_6/tower/conv/biases": (0.56110047, 0.24404835),
    "mixed_6/tower/conv_1/weights": (0.051089394, -0.019773583),
    "mixed_6/tower/conv_1/biases": (0.39994278, 0.10182361),
    "mixed_6/tower/conv_2/weights": (0.047736285, -0.028448953),
    "mixed_6/tower/conv_2/biases": (0.53621825, 0.10619263),
    "mixed_6/tower_1/conv/weights": (0.06271365, -0.012048344),
    "mixed_6/tower_1/conv/biases": (0.57694853, -0.33834762),
    "mixed_6/tower_1/conv_1/weights": (0.054493128, -0.012198813),
    "mixed_6/tower_1/conv_1/biases": (0.52433943, -0.026087225),
    "mixed_6/tower_1/conv_2/weights": (0.04509765, -0.0061545135),
    "mixed_6/tower_1/conv_2/biases": (0.58589829, -0.11227436),
    "mixed_6/tower_1/conv_3/weights": (0.048054344, 0.030086757),
    "mixed_6/tower_1/conv_3/biases": (0.67199169, 0.060053425),
    "mixed_6/tower_1/conv_4/weights": (0.037494621, -0.0051964288),
    "mixed_6/tower_1/conv_4/biases": (0.84629669, 0.46132791),
    "mixed_6/tower_2/conv/weights": (0.095825084, 0.022857696),
    "mixed_6/tower_2/conv/biases": (0.47932514, -0.18954333),
    "mixed_7/conv/weights": (0.060156234, -0.025837998),
    "mixed_7/conv/biases": (0.35236435, -0.18603757),
    "mixed_7/tower/conv/weights": (0.067864297, 0.024351212),
    "mixed_7/tower/conv/biases": (0.38525985, -0.017914921),
    "mixed_7/tower/conv_1/weights": (0.060998773, 0.11771204),
    "mixed_7/tower/conv_1/biases": (0.30358213, -0.28619798),
    "mixed_7/tower/conv_2/weights": (0.037965505, 0.022006197),
    "mixed_7/tower/conv_2/biases": (0.30614586, 0.42302837),
    "mixed_7/tower_1/conv/weights": (0.068330745, -0.088198481),
    "mixed_7/tower_1/conv/biases": (0.38933702, 0.28912017),
    "mixed_7/tower_1/conv_1/weights": (0.052359428, -0.025364856),
    "mixed_7/tower_1/conv_1/biases": (0.35151582, -0.12554244),
    "mixed_7/tower_1/conv_2/weights": (0.043471797, 0.041302574),
    "mixed_7/tower_1/conv_2/biases": (0.46208872, 0.74463912),
    "mixed_7/tower_1/conv_3/weights": (0.045807294, -0.04861494),
    "mixed_7/tower_1/conv_3/biases": (0.58309531, 0.42061773),
    "mixed_7/tower_1/conv_4/weights": (0.036741977, -0.036109564),
    "mixed_7/tower_1/conv_4/biases": (0.4629834, 0.46529367),
    "mixed_7/tower_2/conv/weights": (0.089612353, 0.042891986),
    "mixed_7/tower_2/conv/biases": (0.46306651, -0.076155038),
    "mixed_8/tower/conv/weights": (0.12505675, 0.073478013),
    "mixed_8/tower/conv/biases": (0.45306377, -0.17237653),
    "mixed_8/tower/conv_1/weights": (0.057859511, 0.075464634),
    "mixed_8/tower/conv_1/biases": (0.65843203, -0.16733297),
    "mixed_8/tower_1/conv/weights": (0.13572367, 0.14557421),
    "mixed_8/tower_1/conv/biases": (0.46775106, -0.018172983),
    "mixed_8/tower_1/conv_1/weights": (0.042475578, 0.002498556),
    "mixed_8/tower_1/conv_1/biases": (0.7939735, 0.69609469),
    "mixed_8/tower_1/conv_2/weights": (0.035671531, 0.021383621),
    "mixed_8/tower_1/conv_2/biases": (0.69870081, -0.079257729),
    "mixed_8/tower_1/conv_3/weights": (0.037847238, -0.017737082),
    "mixed_8/tower_1/conv_3/biases": (0.65763872, 0.14598166),
}
