import { createContext } from "react";

/** Whether this is a cell of a long list, in which what is seldom used is made when it is wanted. */
export const InGrid = createContext(false);
