export { type Contribution, Contributions, Contributions as Waterfall } from "./Contributions.tsx";
