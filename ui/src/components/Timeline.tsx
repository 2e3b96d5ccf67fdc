export { type Lane, type Mark, SwimLane as Timeline } from "./SwimLane.tsx";
