"""Published prices of American options.

LONGSTAFF_SCHWARTZ: Longstaff and Schwartz, Valuing American Options by Simulation, Review of Financial
Studies 14 (2001), table 1 (put, K = 40, r = 6 %): spot, volatility, years, their finite differences with 50
exercise dates a year, their simulation, and the continuous value by QuantLib 1.44's QdFp engine at its high
precision.

The others are values of approximations, from QuantLib's test-suite/americanoption.cpp, with how far they are
off. BARONE_ADESI_WHALEY: Haug, The Complete Guide to Option Pricing Formulas (1998), page 24. JU: Ju, An
Approximate Formula for Pricing American Options, Journal of Derivatives 7 (1999), exhibits 3 and 6.
BJERKSUND_STENSLAND: Haug, page 27, and a put; a lower bound. QD_PLUS_BOUNDARY: the exercise boundary by the
approximation of Li, Analytical Approximations for the Critical Stock Prices of American Options (2010).

ANDERSEN_LAKE_OFFENGENDEN: premiums of puts over European ones, at high precision, from High-Performance
American Option Pricing, Journal of Computational Finance 20 (2016), as QuantLib's tests repeat them.
"""

LONGSTAFF_SCHWARTZ = [
    (36, 0.2, 1, 4.478, 4.472, 4.486674),
    (36, 0.2, 2, 4.840, 4.821, 4.848304),
    (36, 0.4, 1, 7.101, 7.091, 7.108980),
    (36, 0.4, 2, 8.508, 8.488, 8.514185),
    (38, 0.2, 1, 3.250, 3.244, 3.257197),
    (38, 0.2, 2, 3.745, 3.735, 3.751381),
    (38, 0.4, 1, 6.148, 6.139, 6.154590),
    (38, 0.4, 2, 7.670, 7.669, 7.674906),
    (40, 0.2, 1, 2.314, 2.313, 2.319574),
    (40, 0.2, 2, 2.885, 2.879, 2.889951),
    (40, 0.4, 1, 5.312, 5.308, 5.318294),
    (40, 0.4, 2, 6.920, 6.921, 6.923458),
    (42, 0.2, 1, 1.617, 1.617, 1.621155),
    (42, 0.2, 2, 2.212, 2.206, 2.216724),
    (42, 0.4, 1, 4.582, 4.588, 4.588160),
    (42, 0.4, 2, 6.248, 6.243, 6.250236),
    (44, 0.2, 1, 1.110, 1.118, 1.112962),
    (44, 0.2, 2, 1.690, 1.675, 1.693330),
    (44, 0.4, 1, 3.948, 3.957, 3.952785),
    (44, 0.4, 2, 5.647, 5.622, 5.646731),
]

BARONE_ADESI_WHALEY_ERROR = 0.04
# K = 100, r = q = 10 %: (is_call, years, volatility), prices at the spots
BARONE_ADESI_WHALEY_SPOTS = [90, 100, 110]
BARONE_ADESI_WHALEY = [
    (True, 0.1, 0.15, [0.0206, 1.8771, 10.0089]),
    (True, 0.1, 0.25, [0.3159, 3.1280, 10.3919]),
    (True, 0.1, 0.35, [0.9495, 4.3777, 11.1679]),
    (True, 0.5, 0.15, [0.8208, 4.0842, 10.8087]),
    (True, 0.5, 0.25, [2.7437, 6.8015, 13.0170]),
    (True, 0.5, 0.35, [5.0063, 9.5106, 15.5689]),
    (False, 0.1, 0.15, [10.0000, 1.8770, 0.0410]),
    (False, 0.1, 0.25, [10.2533, 3.1277, 0.4562]),
    (False, 0.1, 0.35, [10.8787, 4.3777, 1.2402]),
    (False, 0.5, 0.15, [10.5595, 4.0842, 1.0822]),
    (False, 0.5, 0.25, [12.4419, 6.8014, 3.3226]),
    (False, 0.5, 0.35, [14.6945, 9.5104, 5.8823]),
]

JU_ERROR = 0.02
# puts, S = 40, q = 0, r = 4.88 %: (strike, volatility), prices for the years
JU_PUT_YEARS = [0.0833, 0.3333, 0.5833]
JU_PUTS = [
    (35, 0.2, [0.006, 0.201, 0.433]),
    (40, 0.2, [0.851, 1.576, 1.984]),
    (45, 0.2, [5.000, 5.084, 5.260]),
    (35, 0.3, [0.078, 0.697, 1.218]),
    (40, 0.3, [1.309, 2.477, 3.161]),
    (45, 0.3, [5.059, 5.699, 6.231]),
    (35, 0.4, [0.247, 1.344, 2.150]),
    (40, 0.4, [1.767, 3.381, 4.342]),
    (45, 0.4, [5.288, 6.501, 7.367]),
]

JU_ERROR_OF_THREE_YEARS = 0.08
# calls, K = 100, three years: (dividend yield, rate, volatility), prices at the spots
JU_CALL_SPOTS = [80, 90, 100, 110, 120]
JU_CALLS = [
    (0.07, 0.03, 0.2, [2.605, 5.182, 9.065, 14.430, 21.398]),
    (0.07, 0.03, 0.4, [11.336, 15.711, 20.760, 26.440, 32.709]),
    (0.07, 0.00001, 0.3, [5.552, 8.868, 13.158, 18.458, 24.786]),
    (0.03, 0.07, 0.3, [12.177, 17.411, 23.402, 30.028, 37.177]),
]

# option_price's arguments, and the price
BJERKSUND_STENSLAND_ERROR = 0.04
BJERKSUND_STENSLAND = [
    ((True, 42, 40, 0.75, 0.04, 0.08, 0.35), 5.2704),
    ((False, 36, 40, 1, 0.06, 0, 0.2), 4.4531),
]

QD_PLUS_ERROR = 0.25
# puts, K = 120, r = 10 %, q = 3 %, 25 %: years, the spot below which exercise is best
QD_PLUS_BOUNDARY = [
    (4.9, 87.76960949965387),
    (4.0, 88.39053003614612),
    (2.5, 90.14327315762256),
    (1.0, 94.49793803095984),
    (0.1, 106.2588964442338),
]

# puts, S = 100, q = 5 %, 25 %, one year: strike, rate, premium
ANDERSEN_LAKE_OFFENGENDEN = [
    (100, 0.05, 0.1069527028),
    (100, 0.075, 0.3671111268),
    (95, 0.075, 0.2386596963),
]
