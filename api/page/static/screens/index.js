// The screens of a portfolio, in the order of their tabs. A new screen is a file of this folder, and a line here.
//
// A screen: { name, title, hasPeriod, requests: (address, session) => { name: path }, draw: (answers, address) =>
// nodes }. An answer is a Problem if its request failed. keepsItself: it is not drawn again when the reader comes back.

import { chat } from "./chat.js";
import { data } from "./data.js";
import { holdings } from "./holdings.js";
import { options } from "./options.js";
import { overview } from "./overview.js";
import { performance } from "./performance.js";
import { portfolios } from "./portfolios.js";
import { risk } from "./risk.js";
import { stress } from "./stress.js";
import { whatIf } from "./whatif.js";

export const START = portfolios;
export const SCREENS = [overview, holdings, performance, risk, stress, options, data, chat, whatIf];
